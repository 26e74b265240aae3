"""Datasets that users upload: safe archives, what is in them, their rows, and their place in conditions."""

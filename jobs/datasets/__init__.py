"""Datasets that users upload: safe archives, their content, their rows, and their place in conditions."""

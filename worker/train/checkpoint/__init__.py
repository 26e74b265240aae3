"""Checkpoints: their format, when they are saved, and the exported model."""

"""Uploaded datasets, and those of installed packages."""

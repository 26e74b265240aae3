"""Integrity check, retention, dump and restore."""

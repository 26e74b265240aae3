"""Maintenance for operators: the integrity check, and the removal of old jobs."""

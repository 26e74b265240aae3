"""Specs: the strict documents that describe a requested job, and the schedules in them."""

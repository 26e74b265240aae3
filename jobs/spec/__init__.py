"""Specs: what can be asked for, as strict documents, and the schedules that they describe."""

"""Schedules of a spec: their documents, and the builder that turns them into schedules of `clr_core`."""

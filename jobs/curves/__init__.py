"""Curves of a job: stored with roll-ups, read from SQL with a limited number of points, and exported as CSV."""

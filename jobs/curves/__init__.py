"""Curves of a job: read from SQL, reduced to the points that are asked for, and exported."""

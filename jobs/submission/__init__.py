"""Submission: makes the rows of a job from a spec, or the result of a dry run."""

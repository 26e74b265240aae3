"""Submission: from a spec to the rows of a job, or to the result of a dry run."""

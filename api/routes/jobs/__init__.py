"""Routes of jobs: submit, read, control, and fetch results."""

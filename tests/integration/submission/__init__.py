"""Jobs as they are submitted: validation, dry runs, clones, children."""

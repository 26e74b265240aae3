"""Results of jobs: LR bounds, probes, the table of a sweep, and comparisons."""

"""Scheduling of waiting jobs: fair share, workers, nodes, deadlines, and the broker."""

"""Curves, bounds, and the tables of comparisons and sweeps."""

"""Dispatch: takes waiting jobs while slots are free, and takes lost jobs back."""

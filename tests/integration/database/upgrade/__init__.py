"""A database that an earlier release wrote, and the script that had it do so."""

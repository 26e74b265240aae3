"""The documentation site and its example alerts."""

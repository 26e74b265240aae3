"""Commands of ``clr``."""

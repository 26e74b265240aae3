"""The ``clr`` command."""

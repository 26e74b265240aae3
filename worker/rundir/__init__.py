"""The run directory of an attempt: the protocol between its supervisor and its ranks."""

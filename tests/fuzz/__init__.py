"""Requests that nobody thought of: from the OpenAPI document, from a state machine, and by hand."""

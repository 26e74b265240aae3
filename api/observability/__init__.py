"""The request log and metrics of the API."""

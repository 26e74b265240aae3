"""What operators see of the API: the request log and metrics."""

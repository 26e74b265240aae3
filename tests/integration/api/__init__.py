"""The HTTP API: jobs, lists, streams, plots and readiness."""

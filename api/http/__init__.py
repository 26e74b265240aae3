"""HTTP: problem documents, status codes, headers and middleware."""

"""HTTP of the client: requests, retries, credentials, sync and async."""

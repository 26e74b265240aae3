"""The response documents of the API, by resource."""

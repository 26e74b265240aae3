"""The OpenAPI document and its frozen snapshot."""

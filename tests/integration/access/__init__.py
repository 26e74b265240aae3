"""Keys, owners, sessions and limits."""

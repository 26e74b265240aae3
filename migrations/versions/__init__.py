"""One reversible change each."""

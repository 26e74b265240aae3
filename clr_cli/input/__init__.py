"""User input: options, spec files, and the specs made from them."""

"""What the user typed: options, spec files, and the specs that they make."""

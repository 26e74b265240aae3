"""Models: their registry, the built-in ones, and their parallel wrappers."""

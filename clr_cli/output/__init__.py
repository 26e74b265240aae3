"""Terminal output: tables, progress and live curves."""

"""What the user sees: tables, progress and live curves in a terminal."""

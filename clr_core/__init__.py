"""The mathematics of cyclical learning rates: schedules, range test, bounds. Pure functions that need numpy at most."""

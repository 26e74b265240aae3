"""The mathematics of cyclical learning rates: schedules, range test, bounds. Pure; numpy at most."""

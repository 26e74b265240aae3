"""The mathematics of cyclical learning rates: schedules, range test, bounds. Only `clr_core.torch` needs torch."""

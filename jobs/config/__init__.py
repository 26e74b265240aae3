"""What every program of the service sets up first: settings, logging, and its secrets."""

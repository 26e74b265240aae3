"""The configuration of every program of the service: settings, logging, and secrets."""

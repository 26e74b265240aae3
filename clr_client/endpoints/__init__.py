"""The requests that the service answers: one program for each."""

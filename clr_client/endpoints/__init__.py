"""What can be asked of the service: one program for each request."""

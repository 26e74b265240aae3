"""Launching: starts the ranks of an attempt as processes of this host, and ends them."""

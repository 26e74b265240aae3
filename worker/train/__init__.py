"""What runs inside the ranks: torch, no database, no queue."""

"""The code of the ranks: it uses torch, but no database and no queue."""

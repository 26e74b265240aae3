"""Migrations, transactions, locks and databases that fail."""

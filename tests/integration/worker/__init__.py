"""Workers and ranks as real processes."""

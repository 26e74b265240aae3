"""What an operator runs: the integrity check, and the removal of old jobs."""

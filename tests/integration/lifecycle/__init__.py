"""Claims, leases, attempts, resume, cancel and delete."""

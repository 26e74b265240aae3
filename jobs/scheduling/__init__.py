"""Which waiting job runs next, and where: fair share, workers, nodes, deadlines, and the broker."""

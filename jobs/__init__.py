"""The noun that API and worker both mean: a job, its spec, its rows, its lifecycle."""

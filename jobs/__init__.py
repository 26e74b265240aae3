"""What API and worker share: the spec of a job, its rows in the database, and its lifecycle."""

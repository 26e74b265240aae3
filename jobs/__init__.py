"""The code that the API and the workers share: the spec of a job, its rows in the database, and its lifecycle."""

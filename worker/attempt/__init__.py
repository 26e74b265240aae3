"""One attempt of a job: its supervisor, its lease, its reports and its files."""

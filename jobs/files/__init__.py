"""Files of jobs: the artifact store, downloads, and the job log."""

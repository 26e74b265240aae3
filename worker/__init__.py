"""The worker, which runs jobs: the Celery app, slots, supervision of one attempt, launch of its ranks."""

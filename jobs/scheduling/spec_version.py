"""Versions of stored specs that this code can read.

`SPEC_VERSION` grows when a stored spec may hold what the code before could not read: a new field, kind or value. So
workers of two versions may run side by side: the older ones leave newer jobs alone, whether these wait or run.
"""

from jobs.database.tables.jobs import Job

SPEC_VERSION = 1
READABLE = Job.spec_version <= SPEC_VERSION

"""Versions of stored specs that this code can read.

`SPEC_VERSION` grows when a stored spec may hold a field, kind or value that older code cannot read. So workers of two
versions may run side by side: the older ones leave newer jobs alone, queued or running.
"""

from jobs.database.tables.jobs import Job

SPEC_VERSION = 1
READABLE = Job.spec_version <= SPEC_VERSION

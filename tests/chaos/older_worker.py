"""Makes a worker of an older version: it can read no spec that is stored today, and runs beside newer ones."""

import sys
from typing import Any


class _Unreadable:
    """In the place of what parses specs: it knows none of their fields."""

    def validate_python(self, spec: Any) -> Any:
        """Refuse."""
        raise ValueError(f"extra fields: {sorted(spec)}")


def apply() -> None:
    """Change this process where it is a worker."""
    if sys.orig_argv[-1] != "worker":
        return
    from jobs.database.tables.jobs import Job
    from jobs.scheduling import spec_version
    from jobs.spec import job

    spec_version.SPEC_VERSION = 0
    spec_version.READABLE = Job.spec_version <= 0
    job.job_spec = _Unreadable()  # type: ignore[assignment]

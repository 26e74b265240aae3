"""All tables at once, for code that needs every table: migrations, readiness and tests."""

from jobs.database.tables import jobs, service  # noqa: F401 - a table is known once its module is loaded
from jobs.database.tables.base import Base

METADATA = Base.metadata

"""``python -m migrations [upgrade|downgrade] [REVISION]``: bring the database of ``CLR_DATABASE_URL`` there."""

import sys

from jobs.db import Database
from jobs.settings import Settings
from migrations.run import downgrade, upgrade


def main(arguments: list[str]) -> None:
    """Run one command; without arguments ``upgrade head``."""
    verb = arguments[0] if arguments else "upgrade"
    commands = {"upgrade": upgrade, "downgrade": downgrade}
    if verb not in commands:
        raise SystemExit(f"unknown command {verb!r}: expected upgrade or downgrade")
    database = Database(Settings().sql_url)
    try:
        commands[verb](database, *arguments[1:2])
    finally:
        database.close()


if __name__ == "__main__":
    main(sys.argv[1:])

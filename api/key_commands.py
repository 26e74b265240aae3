"""``python -m api keys create|list|revoke``: manages keys in the database, for the first key and emergencies."""

import argparse
import json
import sys
from typing import Any

from sqlalchemy.exc import OperationalError, ProgrammingError

from api.routes.keys import KeyDocument
from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from jobs.errors import KeyNotFoundError

DAY_S = 86_400.0


def main(arguments: list[str]) -> None:
    """Run one command and print JSON; a new key is printed only once."""
    parser = argparse.ArgumentParser(prog="python -m api keys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="create a key and print it once")
    create.add_argument("--name", required=True, help="a human-readable name")
    create.add_argument("--scope", choices=[str(scope) for scope in Scope], default="submit")
    create.add_argument("--owner", help="owner of its jobs (default: the name)")
    create.add_argument("--days", type=float, help="days until it expires (default: never)")
    commands.add_parser("list", help="all keys")
    commands.add_parser("revoke", help="end a key").add_argument("id")
    asked = parser.parse_args(arguments)
    database = Database(Settings().sql_url)
    try:
        json.dump(_run(database, asked), sys.stdout, indent=2)
        sys.stdout.write("\n")
    except KeyNotFoundError as error:
        raise SystemExit(str(error)) from error
    except (OperationalError, ProgrammingError) as error:
        raise SystemExit(f"The database cannot be used; has `clr migrate` run? {error.orig}") from error
    finally:
        database.close()


def _run(database: Database, asked: argparse.Namespace) -> Any:
    if asked.command == "list":
        with database.read() as session:
            return [KeyDocument.of(row).model_dump(mode="json") for row in api_keys.all_keys(session)]
    if asked.command == "revoke":
        return KeyDocument.of(api_keys.revoke(database, asked.id)).model_dump(mode="json")
    expires_in_s = None if asked.days is None else asked.days * DAY_S
    made = api_keys.create(
        database, name=asked.name, scope=Scope(asked.scope), owner=asked.owner, expires_in_s=expires_in_s
    )
    return {"key": made.secret, **KeyDocument.of(made.row).model_dump(mode="json")}

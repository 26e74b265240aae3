"""``python -m api --host H --port P``: the API, by ``CLR_…`` variables; ``python -m api keys …``: its keys."""

import argparse
import sys

import uvicorn

from api import key_commands
from api.access.policy import OpenDoorError, Policy, policy_for
from api.app import create_app
from jobs import logs
from jobs.db import Database
from jobs.settings import Settings

EXIT_USAGE = 2


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT, or run one command about keys."""
    if arguments[:1] == ["keys"]:
        key_commands.main(arguments[1:])
        return
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--check", action="store_true", help="only say whether it would listen there")
    asked = parser.parse_args(arguments)
    settings = Settings()
    policy = _policy(asked.host, settings)
    if asked.check:
        return
    logs.configure(settings)
    uvicorn.run(
        create_app(settings, policy), host=asked.host, port=asked.port, log_config=None,
        access_log=False, server_header=False, timeout_graceful_shutdown=3,
    )  # fmt: skip


def _policy(host: str, settings: Settings) -> Policy:
    database = Database(settings.sql_url)
    try:
        return policy_for(host, settings, database)
    except OpenDoorError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(EXIT_USAGE) from error
    finally:
        database.close()


if __name__ == "__main__":
    main(sys.argv[1:])

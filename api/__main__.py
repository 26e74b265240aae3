"""``python -m api --host H --port P`` serves the API; ``python -m api keys …`` manages its keys."""

import argparse
import gc
import sys
from types import FrameType

import uvicorn

from api import key_commands
from api.access.policy import AccessPolicyError, Policy, policy_for
from api.app import create_app
from api.change_feed import ChangeFeed
from jobs.config import logging_setup
from jobs.config.secrets import take_secrets
from jobs.config.settings import Settings
from jobs.database.session import Database

EXIT_USAGE = 2


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT, or run one command on API keys."""
    if arguments[:1] == ["keys"]:
        key_commands.main(arguments[1:])
        return
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--check", action="store_true", help="only check whether the API would listen on this address")
    asked = parser.parse_args(arguments)
    settings = Settings()
    policy = _policy(asked.host, settings)
    if asked.check:
        return
    logging_setup.configure(settings)
    app = create_app(settings, policy)
    config = uvicorn.Config(
        app, host=asked.host, port=asked.port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=3, forwarded_allow_ips=settings.trusted_proxies,
    )  # fmt: skip
    gc.freeze()  # startup objects are permanent: without this, each full collection spends tens of ms on them
    _Server(config, app.state.services.change_feed).run()


class _Server(uvicorn.Server):
    """A server that closes open event streams at shutdown instead of waiting for them."""

    def __init__(self, config: uvicorn.Config, change_feed: ChangeFeed) -> None:
        super().__init__(config)
        self._change_feed = change_feed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the shutdown on SIGTERM or SIGINT."""
        self._change_feed.end()
        super().handle_exit(sig, frame)


def _policy(host: str, settings: Settings) -> Policy:
    database = Database(settings.sql_url)
    try:
        return policy_for(host, settings, database)
    except AccessPolicyError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(EXIT_USAGE) from error
    finally:
        database.close()


if __name__ == "__main__":
    take_secrets()
    main(sys.argv[1:])

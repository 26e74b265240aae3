"""``python -m api --host H --port P``: the API, configured by ``CLR_…`` variables."""

import argparse

import uvicorn

from api.app import create_app
from jobs.settings import Settings


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    settings = Settings()
    uvicorn.run(
        create_app(settings), host=arguments.host, port=arguments.port, log_level=settings.log_level.lower(),
        access_log=False, server_header=False, timeout_graceful_shutdown=3,
    )  # fmt: skip


if __name__ == "__main__":
    main()

"""The server's address and the API key of a client: from arguments, or from ``CLR_URL`` and ``CLR_API_KEY``."""

import os

from clr_client.transport.addresses import DEFAULT_URL

_given: list[str] = []  # what the command line was told, for every command after it


def use(api_key: str | None) -> None:
    """Remember the key that the command line was given."""
    _given[:] = [] if api_key is None else [api_key]


def api_key_or_default(api_key: str | None) -> str | None:
    """``api_key``, or what the command line was given, or what the environment has; None where there is none."""
    if api_key is not None:
        return api_key
    return _given[0] if _given else os.environ.get("CLR_API_KEY") or None  # noqa: TID251 - the client's own


def url_or_default(base_url: str | None) -> str:
    """``base_url``, or what the environment has, or the address of ``clr up`` on this machine."""
    return base_url if base_url is not None else os.environ.get("CLR_URL") or DEFAULT_URL  # noqa: TID251 - likewise

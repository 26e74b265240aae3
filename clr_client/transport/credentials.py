"""The server's address and the API key of a client: from arguments, or from ``CLR_URL`` and ``CLR_API_KEY``."""

import os

from clr_client.transport.addresses import DEFAULT_URL

_given: list[str] = []  # the key from the command line, for all commands


def use(api_key: str | None) -> None:
    """Remember the key from the command line."""
    _given[:] = [] if api_key is None else [api_key]


def api_key_or_default(api_key: str | None) -> str | None:
    """Return ``api_key``, or the key from the command line or the environment; None if there is none."""
    if api_key is not None:
        return api_key
    return _given[0] if _given else os.environ.get("CLR_API_KEY") or None  # noqa: TID251 - the client's own


def url_or_default(base_url: str | None) -> str:
    """Return ``base_url``, or the address from the environment, or that of ``clr up`` on this machine."""
    return base_url if base_url is not None else os.environ.get("CLR_URL") or DEFAULT_URL  # noqa: TID251 - likewise

"""The Python client, the clr command and clr up.

``from client import Client`` is what most programs need; it is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from client.client import AsyncClient, Client
    from client.job import Job

__all__ = ["AsyncClient", "Client", "Job"]

_HOMES = {"AsyncClient": "client.client", "Client": "client.client", "Job": "client.job"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'client' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

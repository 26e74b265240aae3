"""The Python client of clr-service.

``from clr_client import Client`` is what most programs need; it is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clr_client.client import AsyncClient, Client
    from clr_client.job import Job

__all__ = ["AsyncClient", "Client", "Job"]

_HOMES = {"AsyncClient": "clr_client.client", "Client": "clr_client.client", "Job": "clr_client.job"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clr_client' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

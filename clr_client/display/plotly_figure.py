"""The picture of a job as a Plotly figure."""

from collections.abc import Mapping
from typing import Any

from clr_client.errors import MissingPackageError


def figure(document: Mapping[str, Any]) -> Any:
    """Return a ``plotly.graph_objects.Figure`` from ``plot.json``.

    Raises:
        MissingPackageError: Without plotly.
    """
    try:
        from plotly.graph_objects import Figure  # noqa: PLC0415 - heavy
    except ModuleNotFoundError as error:
        raise MissingPackageError.of("plotly", "notebook") from error
    return Figure(document)

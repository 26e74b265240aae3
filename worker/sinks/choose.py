"""Makes sinks from the text of ``CLR_SINKS``, and imports only the packages that these need."""

import importlib
from collections.abc import Mapping

from worker.sinks.sink import OpenSink

# name in the setting: module, and the extra that installs its package
_KINDS: Mapping[str, tuple[str, str]] = {
    "tensorboard": ("worker.sinks.tensorboard", "tensorboard"),
    "mlflow": ("worker.sinks.mlflow", "mlflow"),
}


class SinkSettingError(ValueError):
    """``CLR_SINKS`` is not a comma-separated list of ``kind:where``, or the package of a kind is missing."""


def choose_sinks(text: str) -> dict[str, OpenSink]:
    """Return the sinks of a setting such as ``tensorboard:/var/lib/clr/tb,mlflow:http://mlflow:5000``.

    Returns:
        By name, a function that opens a sink for an attempt.

    Raises:
        SinkSettingError: The text is no such list, or a package is not installed.
    """
    chosen = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, _, where = part.partition(":")
        if kind not in _KINDS or not where:
            legal = " or ".join(f"{name}:…" for name in _KINDS)
            raise SinkSettingError(f"CLR_SINKS must be {legal}, with commas between, got {part!r}")
        if kind in chosen:
            raise SinkSettingError(f"CLR_SINKS names {kind} twice, and one of a kind is possible")
        module, extra = _KINDS[kind]
        try:
            chosen[kind] = importlib.import_module(module).opener(where)
        except ImportError as error:
            message = f"CLR_SINKS asks for {kind}, which is not installed: pip install 'clr-service[{extra}]' ({error})"
            raise SinkSettingError(message) from error
    return chosen

"""Custom datasets: functions that an installed package registers in the entry point group ``clr.datasets``."""

from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import TrainingError
from jobs.spec.catalog import EntryPointOptions
from jobs.status import Reason
from worker.train.data.npz import broken, splits_of
from worker.train.data.splits import Split

GROUP = "clr.datasets"
_SPLITS = ("x_train", "y_train", "x_val", "y_val")


def load_entry_point(options: EntryPointOptions, datasets_dir: Path) -> tuple[Split, Split]:
    """Call ``function(options, folder)``, where ``folder`` is the server's data folder, and check what it returns.

    Raises:
        TrainingError: It is not installed, raises an error, or returns invalid arrays.
    """
    source = f"dataset {options.name} of the entry point group {GROUP}"
    installed = entry_points(group=GROUP)
    if options.name not in installed.names:
        raise TrainingError(
            Reason.INVALID_DATA,
            f"{source} is not installed in this worker's environment; installed are: "
            f"{', '.join(sorted(installed.names)) or 'none'}",
        )
    try:
        returned = installed[options.name].load()(dict(options.options), datasets_dir)
    except TrainingError:
        raise
    except Exception as error:  # user code may raise any error
        raise broken(source, f"it raised {type(error).__name__}: {error}") from error
    return splits_of(source, _named(source, returned), val_fraction=0.2)


def _named(source: str, returned: object) -> dict[str, NDArray[Any]]:
    if isinstance(returned, Mapping):
        return {str(name): np.asanyarray(values) for name, values in returned.items()}
    if isinstance(returned, Sequence) and len(returned) == len(_SPLITS):
        return {name: np.asanyarray(values) for name, values in zip(_SPLITS, returned, strict=True)}
    raise broken(source, f"it must return {', '.join(_SPLITS)}, and returned {type(returned).__name__}")

"""Custom models: functions that an installed package registers in the entry point group ``clr.models``."""

from importlib.metadata import entry_points

from torch import nn

from jobs.errors import TrainingError
from jobs.spec.catalog import EntryPointOptions
from jobs.status import Reason

GROUP = "clr.models"


def build_entry_point(options: EntryPointOptions, shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Call ``function(options, shape, outputs)`` and check that it returns a module.

    Raises:
        TrainingError: It is not installed, raises an error, or returns something else.
    """
    source = f"model {options.name} of the entry point group {GROUP}"
    installed = entry_points(group=GROUP)
    if options.name not in installed.names:
        raise TrainingError(
            Reason.NOT_INSTALLED,
            f"{source} is not installed in this worker's environment; installed are: "
            f"{', '.join(sorted(installed.names)) or 'none'}",
        )
    try:
        model = installed[options.name].load()(dict(options.options), shape, outputs)
    except TrainingError:
        raise
    except Exception as error:  # user code may raise any error
        raise TrainingError(Reason.INVALID_DATA, f"{source} raised {type(error).__name__}: {error}") from error
    if not isinstance(model, nn.Module):
        raise TrainingError(
            Reason.INVALID_DATA, f"{source} must return a torch.nn.Module, and returned {type(model).__name__}"
        )
    return model

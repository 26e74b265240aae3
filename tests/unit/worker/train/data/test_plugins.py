from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jobs.errors import TrainingError
from jobs.spec.catalog import EntryPointOptions
from jobs.status import Reason
from tests.archives import FEATURES, LABELS
from worker.train.data import plugins
from worker.train.data.plugins import load_entry_point

Dataset = Callable[[dict[str, Any], Path], object]


def shifted(options: dict[str, Any], folder: Path) -> object:
    assert folder.is_dir()
    x = FEATURES + options["shift"]
    return x[:40], LABELS[:40], x[40:], LABELS[40:]


def unsplit(_: dict[str, Any], __: Path) -> object:
    return {"x": FEATURES, "y": torch.from_numpy(FEATURES[:, :2])}


def with_nan(_: dict[str, Any], __: Path) -> object:
    return FEATURES * np.nan, LABELS, FEATURES, LABELS


def wrong(_: dict[str, Any], __: Path) -> object:
    return 7


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("shifted", "unsplit", "with_nan", "wrong", "missing")
    found = EntryPoints(EntryPoint(name, f"{__name__}:{name}", "clr.datasets") for name in names)
    monkeypatch.setattr(plugins, "entry_points", lambda group: found.select(group=group))


def named(name: str, **options: Any) -> EntryPointOptions:
    return EntryPointOptions(name=name, options=options)


def test_a_function_gets_its_options_and_the_folder_and_returns_both_splits(tmp_path: Path) -> None:
    train, val = load_entry_point(named("shifted", shift=2.0), tmp_path)
    assert (len(train), len(val)) == (40, 20)
    assert torch.equal(train.inputs, torch.from_numpy(FEATURES[:40] + 2))


def test_arrays_by_name_are_split_here_and_tensors_are_welcome(tmp_path: Path) -> None:
    train, val = load_entry_point(named("unsplit"), tmp_path)
    assert (len(train), len(val)) == (48, 12)
    assert torch.equal(train.targets, train.inputs[:, :2])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "not installed in this worker's environment; installed are: missing, shifted"),
        ("missing", "it raised AttributeError"),
        ("shifted", "it raised KeyError: 'shift'"),
        ("with_nan", "x_train holds nan"),
        ("wrong", "it must return x_train, y_train, x_val, y_val, and returned int"),
    ],
)
def test_what_does_not_work_is_invalid_data_and_says_why(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(TrainingError) as caught:
        load_entry_point(named(name), tmp_path)
    assert caught.value.reason is Reason.INVALID_DATA
    assert message in str(caught.value)

"""The example package, really installed: its dataset and its model are found by their names."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.errors import TrainingError
from jobs.spec.catalog import EntryPointOptions
from jobs.spec.models import EntryPointModel
from jobs.status import Reason
from worker.train.data.plugins import load_entry_point
from worker.train.models.registry import build_model

EXAMPLE = Path(__file__).parents[3] / "examples" / "clr_spirals"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which pip has installed the example, without a network."""
    source, target = tmp_path_factory.mktemp("source") / "package", tmp_path_factory.mktemp("site")
    shutil.copytree(EXAMPLE, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*command, "--target", target, source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def found(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed))
    importlib.invalidate_caches()


def model(**options: object) -> EntryPointModel:
    asked = {"name": "entry_point", "options": {"name": "residual_mlp", "options": options}}
    return EntryPointModel.model_validate(asked)


@pytest.mark.usefixtures("found")
def test_model_and_dataset_of_an_installed_package_are_found_by_name(tmp_path: Path) -> None:
    train, _ = load_entry_point(EntryPointOptions(name="spirals", options={"arms": 3, "samples": 80}), tmp_path)
    built = build_model(model(width=8), tuple(train.inputs.shape[1:]), 3)
    assert built(train.inputs).shape == (60, 3)
    assert sum(weights.numel() for weights in built.parameters()) == 2 * 8 + 8 + 2 * (8 * 8 + 8) + 8 * 3 + 3


@pytest.mark.usefixtures("found")
def test_what_a_model_of_ones_own_raises_is_told() -> None:
    with pytest.raises(TrainingError, match=r"residual_mlp .* raised ValueError: unknown options \['height'\]"):
        build_model(model(height=8), (2,), 3)


def test_a_model_that_is_not_installed_names_those_that_are() -> None:
    with pytest.raises(TrainingError, match="is not installed in this worker's environment") as refused:
        build_model(model(), (2,), 3)
    assert refused.value.reason is Reason.NOT_INSTALLED

"""What `find_lr` answers with: files, plots, a schedule."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from clr_core.bounds import Curve, NoBoundsError, suggest_bounds
from clr_core.errors import InvalidArgumentError
from clr_core.range_test import RangeTestPlan
from clr_core.torch import FoundLR

LRS = RangeTestPlan(1e-5, 10.0, 100).lrs()


def found(*, falls: bool = True) -> FoundLR:
    losses = [2.0 - (1.5 / (1 + (0.05 / lr) ** 2) if falls else 0.0) + max(0.0, lr - 2) ** 2 for lr in LRS]
    losses[-1] = math.inf
    curves = (Curve.of(LRS, losses),) if falls else (Curve.of(LRS, [2.0 + 0.01 * math.sin(9 * k) for k in range(100)]),)
    return FoundLR(suggest_bounds(curves), curves, 0.1)


def optimizer(**options: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1, **options)


def test_the_schedule_peaks_at_max_lr_and_cycles_momentum_where_there_is_one() -> None:
    answer = found()
    assert answer.max_lr is not None
    with_momentum = optimizer(momentum=0.9)
    scheduler = answer.one_cycle(with_momentum, total_steps=100, div_factor=5)
    assert scheduler.get_last_lr() == [pytest.approx(answer.max_lr / 5)]
    assert with_momentum.param_groups[0]["momentum"] == 0.95
    answer.one_cycle(plain := optimizer(), total_steps=100)
    assert plain.param_groups[0]["momentum"] == 0
    kept = optimizer(momentum=0.9)
    answer.one_cycle(kept, total_steps=100, base_momentum=None, max_momentum=None)
    assert kept.param_groups[0]["momentum"] == 0.9


def test_without_bounds_there_is_no_schedule() -> None:
    answer = found(falls=False)
    assert (answer.max_lr, answer.base_lr, answer.interval, answer.grade) == (None, None, None, "none")
    with pytest.raises(NoBoundsError, match="no_fall"):
        answer.one_cycle(optimizer(), total_steps=100)


def test_the_file_is_strict_json_like_the_bounds_of_the_service(tmp_path: Path) -> None:
    answer = found()
    answer.save(tmp_path / "bounds.json")
    saved = json.loads((tmp_path / "bounds.json").read_text(), parse_constant=pytest.fail)
    assert saved["object"] == "lr_bounds"
    assert saved["bounds"] == {"base_lr": answer.base_lr, "max_lr": answer.max_lr}
    assert saved["curves"][0]["losses"][-1] is None
    assert saved["curves"][0]["lrs"] == LRS


@pytest.mark.parametrize("falls", [True, False])
def test_it_is_drawn_by_either_library(falls: bool) -> None:
    answer = found(falls=falls)
    axes = answer.plot().axes[0]
    low, high = axes.get_ylim()
    assert axes.get_xscale() == "log"
    assert high < 5
    assert len(axes.lines) == (3 if falls else 1)
    figure = answer.plot("plotly")
    assert list(figure.layout.yaxis.range) == pytest.approx([low, high])
    assert len(figure.data) == 1


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_a_library_that_is_absent_is_named(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure" if backend == "matplotlib" else "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=f"plot needs {backend}: pip install {backend}"):
        found().plot(backend)


def test_another_library_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="backend must be one of matplotlib, plotly"):
        found().plot("bokeh")  # type: ignore[arg-type]

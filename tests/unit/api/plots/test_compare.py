"""What the picture of a comparison says, and that both renderers draw it."""

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from api.plots import compare, plotly_json
from api.plots.figure import Band, Figure, Line, Mark
from api.plots.matplotlib.render import render
from api.plots.themes import THEMES
from tests.unit.api.plots.figures import subject
from tests.unit.documents import arm, run, spread


def curves(steps: int, last: float) -> dict[str, Any]:
    x = list(range(steps // 4 - 1, steps, steps // 4))
    accuracy = {"metric": "val_accuracy", "x": x, "y": [*np.linspace(0.1, last, len(x)).tolist()]}
    return {"series": [accuracy, {"metric": "lr", "x": [0, steps - 1], "y": [0.1, 0.01]}]}


def document(**changes: Any) -> dict[str, Any]:
    def runs(first: int, **own: Any) -> list[dict[str, Any]]:
        return [run(seed, job_id=f"job_{first + seed}", target=0.75, **own) for seed in range(2)]

    lost = {"status": "failed", "reason": "diverged", "error": {"code": "diverged", "message": "It became nan."}}
    arms = [
        arm("fast", is_added=False, runs=runs(0)),
        arm("slow", is_added=False, runs=runs(2), update_ratio=spread(1.0, 1.0, 1.0)),
        arm("linear", is_added=True, runs=runs(4, **lost), steps_to_target=spread(None, None, None, runs=2)),
    ]
    body = {"is_final": True, "target": {"metric": "val_accuracy"}, "reference": "slow", "arms": arms}
    return body | {"equal_budget": {"arm": "fast", "differences": []}} | changes


def described(**changes: Any) -> Figure:
    known = {f"job_{n}": curves(40 if n < 2 else 160, 0.8 - 0.05 * n) for n in range(4)}
    return compare.describe(subject(), document(**changes), known)


def items(figure: Figure, kind: type) -> list[Any]:
    return [item for panel in figure.panels for item in panel.items if isinstance(item, kind)]


def test_each_arm_has_its_median_over_seeds_with_their_range() -> None:
    figure = described()
    median = next(line for line in items(figure, Line) if line.name == "fast (2 seeds)")
    assert median.x == (10.0, 20.0, 30.0, 40.0)
    assert median.y[-1] == pytest.approx(0.775)
    assert next((band.low[-1], band.high[-1]) for band in items(figure, Band)) == pytest.approx((0.75, 0.8))
    assert figure.x_limits == (10.0, 160.0)


def test_the_verdict_is_the_ratio_of_updates_and_rows_say_when_arms_arrive() -> None:
    figure = described()
    assert figure.verdict == (
        "fast needs 8.1 times fewer updates than slow to reach the final validation accuracy of slow (3 of 3 seeds do)"
    )
    assert [mark.label for mark in items(figure, Mark)] == ["50 updates, ratio 8.1", "50 updates, ratio 1"]
    assert figure.panels[-1].rows == ("fast", "slow", "linear (0 of 2)")
    assert "Failed (diverged): linear, seed 1. It became nan." in figure.notes


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (
            spread(None, None, None, runs=2),
            "fast does not reach the final validation accuracy of slow (0 of 2 seeds do, so far)",
        ),
        (spread(0.5, 0.4, 0.6), "fast needs 2 times more updates than slow"),
        (spread(None, None, None, runs=0), "No run of slow has ended, so far"),
    ],
)
def test_a_ratio_that_is_open_or_below_one_is_said_so(ratio: dict[str, Any], words: str) -> None:
    arms = document()["arms"]
    arms[0] = arms[0] | {"update_ratio": ratio}
    assert described(arms=arms, is_final=False).verdict.startswith(words)


@pytest.mark.parametrize("known", [{}, {"job_0": {"series": []}}])
def test_a_comparison_without_evaluations_says_so(known: dict[str, Any]) -> None:
    figure = compare.describe(subject("running"), document(), known)
    assert figure.message == "No evaluations yet."


@pytest.mark.parametrize("theme", list(THEMES.values()))
def test_both_renderers_draw_it(theme: Any) -> None:
    for figure in (described(), compare.describe(subject("queued"), document(), {})):
        drawn = plotly_json.render(figure, theme, 960, 600)
        assert {"data", "layout"} == set(drawn)
        ET.fromstring(render(figure, theme, 960, 600, "svg"))

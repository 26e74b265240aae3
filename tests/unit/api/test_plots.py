"""What pictures say, and that both renderers draw it."""

import json
import math
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from api.plots import plotly_json, range_test, sweep, training
from api.plots.figure import Band, Figure, Line, Mark, Rule, Span
from api.plots.labels import Subject
from api.plots.matplotlib.render import render
from api.plots.matplotlib.text import power_of_ten
from api.plots.series import Series, merged, series_of, smoothed
from api.plots.themes import THEMES
from tests.builders import conditions
from tests.unit.client.documents import bounds, range_test_curves, training_curves

LIGHT = THEMES["light"]
NO_BOUNDS = bounds(
    bounds=None,
    confidence={"grade": "none", "level": 0.9, "replicas": 3, "base_lr": None, "max_lr": None},
    alternatives=[],
    evidence={"diverged_at": None},
    warnings=[{"code": "no_fall", "message": "The loss never falls."}],
)


def subject(status: str = "succeeded", **changes: Any) -> Subject:
    spec = {"range_test": {"start_lr": 1e-6, "end_lr": 10.0}, "schedule": {"name": "one_cycle"}}
    is_terminal = status in {"succeeded", "failed", "cancelled"}
    return Subject("job_1", "lr_find", status, is_terminal, spec, conditions(), **changes)


def described(replicas: int = 3, document: dict[str, Any] | None = None, **changes: Any) -> Figure:
    return range_test.describe(subject(**changes), range_test_curves(replicas), document)


def items(figure: Figure, kind: type) -> list[Any]:
    return [item for panel in figure.panels for item in panel.items if isinstance(item, kind)]


def sweep_table(**changes: Any) -> dict[str, Any]:
    def cell(number: int, **own: Any) -> dict[str, Any]:
        lrs = {"base_lr": 0.004, "max_lr": 0.04 / (1 + number)}
        return {
            "job_id": f"job_{number}", "status": "succeeded", "reason": None, "error": None, "warnings": [],
            "settings": {"optimizer.weight_decay": 10.0 ** (number - 5)}, "bounds": lrs,
            "confidence": {"grade": "high", "max_lr": {"low": 0.01, "high": 0.05}},
        } | own  # fmt: skip

    lost = cell(9, status="failed", reason="out_of_memory", bounds=None, error={"code": "c", "message": "Too large."})
    return {"object": "sweep_table", "is_final": True, "cells": [cell(0), cell(1), lost]} | changes


def all_figures() -> dict[str, Figure]:
    return {
        "good": described(3, bounds()),
        "refusal": described(3, NO_BOUNDS),
        "running": described(2, None, status="running"),
        "empty": described(0, None, status="queued"),
        "failed": described(0, None, status="failed", reason="out_of_memory", error="no <room> $left$ \x07\U0001f600"),
        "training": training.describe(subject(), training_curves()),
        "empty training": training.describe(subject("queued", waits_for="job_0"), {"series": []}),
        "sweep": sweep.describe(subject(), sweep_table(), {f"job_{n}": range_test_curves(2) for n in range(2)}),
        "empty sweep": sweep.describe(subject("running"), sweep_table(cells=[], is_final=False), {}),
    }


def test_the_bounds_are_shaded_with_their_intervals_and_labelled() -> None:
    figure = described(3, bounds())
    assert [(span.low, span.high) for span in items(figure, Span)][:3] == [
        (0.0041, 0.42), (0.0033, 0.0052), (0.35, 0.55),
    ]  # fmt: skip
    assert [rule.label for rule in items(figure, Rule) if rule.label] == ["base_lr\n0.0041", "max_lr\n0.42"]
    assert figure.verdict == "max_lr 0.42 (90 % interval 0.35 to 0.55), base_lr 0.0041, grade high"
    assert figure.title.startswith("LR range test: mlp on digits, SGD (momentum 0.9), batch 64 over 2 ranks")


def test_every_alternative_has_a_row_with_its_name_and_rate() -> None:
    rows = described(3, bounds()).panels[1]
    assert rows.rows == ("max_lr", "base_lr", "steepest", "valley", "minimum over 10")
    assert [(mark.x, mark.y) for mark in rows.items if isinstance(mark, Mark)][2:] == [
        (0.03, 2), (0.055, 3), (0.061, 4),
    ]  # fmt: skip


def test_the_median_ends_where_the_sweeps_diverged() -> None:
    figure = described(3, bounds())
    (median,) = (line for line in items(figure, Line) if line.name == "median")
    assert median.x[-1] <= 2.9
    assert "diverged from 2.9 on" in figure.description


def test_a_refusal_says_why_across_the_picture() -> None:
    figure = described(3, NO_BOUNDS)
    assert figure.message == "No bounds. The loss never falls."
    assert figure.tone == "red"
    assert not items(figure, Span)


def test_warnings_stand_below_in_words() -> None:
    assert described(3, bounds()).notes == ("Warning: Three range tests say little about spread.",)


def test_a_running_range_test_shows_what_there_is_over_the_whole_range_to_come() -> None:
    figure = described(2, None, status="running", step=58, total_steps=300)
    assert figure.verdict == "Running, step 58 of 300"
    assert figure.x_limits is not None
    assert figure.x_limits[1] >= 10.0
    assert figure.message is None
    assert described(0, None, status="running").message == "No points yet."


def test_the_curve_of_the_bounds_is_drawn_where_they_have_one() -> None:
    curve = {"metric": "val_accuracy", "lr": [1e-3, 1e-2], "median": [0.1, 0.8], "low": [0.0, 0.7], "high": [0.2, 0.9]}
    curves = {"series": [{"metric": "val_accuracy", "x": [1e-3, 1e-2], "y": [y, 0.8]} for y in (0.1, 0.2)]}
    figure = range_test.describe(subject(), curves, bounds(curve=curve))
    assert figure.panels[0].label == "validation accuracy"
    (band,) = items(figure, Band)
    assert (band.low, band.high) == ((0.0, 0.7), (0.2, 0.9))


def test_nan_is_a_gap_and_one_point_is_a_dot() -> None:
    gap = {"series": [{"metric": "train_loss", "x": [1e-3, 1e-2, 1e-1], "y": [2.0, None, 1.0]}]}
    (faint, _) = items(range_test.describe(subject(), gap, None), Line)
    assert faint.y == (2.0, None, 1.0)
    dot = {"series": [{"metric": "train_loss", "x": [1e-3], "y": [2.0]}]}
    figure = range_test.describe(subject(), dot, None)
    assert items(figure, Line)[-1].symbol == "circle"
    assert render(figure, LIGHT, 400, 300, "png")


def test_losses_that_no_axis_could_show_are_gaps() -> None:
    curves = {"series": [{"metric": "train_loss", "x": [1e-3, 1e-2, 1e-1], "y": [1e308, 1.0, -1e308]}]}
    figure = range_test.describe(subject(), curves, None)
    assert items(figure, Line)[0].y == (None, 1.0, None)
    assert render(figure, LIGHT, 400, 300, "png")


def test_replicas_without_a_rate_in_common_have_no_median() -> None:
    curves = {"series": [{"metric": "train_loss", "x": [lr], "y": [2.0]} for lr in (1e-3, 1e-2, 1e-1)]}
    assert items(range_test.describe(subject(), curves, None), Line)[-1].x == ()
    assert not items(sweep.describe(subject(), sweep_table(), {"job_0": curves}), Line)
    assert render(range_test.describe(subject(), curves, None), LIGHT, 400, 300, "png")


def test_the_median_ends_where_fewer_than_half_of_the_replicas_go_on() -> None:
    replicas = series_of(range_test_curves(3, steps=100), "train_loss")
    last_finite = sorted(float(series.x[np.isfinite(series.y)][-1]) for series in replicas)
    assert merged(replicas).x[-1] == last_finite[1]


def test_a_straight_line_is_smoothed_into_itself_away_from_its_ends() -> None:
    line = Series(np.arange(30.0), np.arange(30.0))
    np.testing.assert_allclose(smoothed(line).y[2:-2], line.y[2:-2])


def test_a_training_has_panels_for_what_it_measured() -> None:
    figure = training.describe(subject(), training_curves())
    assert [panel.label for panel in figure.panels] == ["loss", "accuracy", "LR", "momentum"]
    assert "generalisation gap" in figure.description
    curves = training_curves()
    curves["series"] = [each for each in curves["series"] if each["metric"] in {"train_loss", "lr"}]
    assert [panel.label for panel in training.describe(subject(), curves).panels] == ["loss", "LR"]


def test_a_sweep_lays_its_curves_over_one_another_and_names_what_failed() -> None:
    figure = all_figures()["sweep"]
    assert [line.name for line in items(figure, Line)] == ["weight decay 1e-05", "weight decay 0.0001"]
    assert figure.verdict == "2 of 3 conditions have bounds"
    assert figure.notes == ("Failed (out_of_memory): weight decay 10000. Too large.",)
    assert len([mark for mark in figure.panels[0].items if isinstance(mark, Mark)]) == 2


@pytest.mark.parametrize("name", all_figures())
def test_plotly_takes_the_json_and_finds_svg_traces_only(name: str) -> None:
    document = plotly_json.render(all_figures()[name], LIGHT, 800, 500)
    go.Figure(json.loads(json.dumps(document, allow_nan=False)))
    assert {trace["type"] for trace in document["data"]} <= {"scatter"}


def test_labels_lie_at_the_logarithm_and_names_are_no_markup() -> None:
    figure = described(3, bounds(), status="failed", error="<b>")
    document = plotly_json.render(figure, LIGHT, 800, 500)
    (label,) = (each for each in document["layout"]["annotations"] if each["text"].startswith("max_lr"))
    assert label["x"] == pytest.approx(math.log10(0.42))
    failed = plotly_json.render(all_figures()["failed"], LIGHT, 800, 500)
    assert "&lt;room&gt;" in failed["layout"]["title"]["subtitle"]["text"]


@pytest.mark.parametrize("name", all_figures())
def test_an_svg_is_xml_with_title_description_and_words(name: str) -> None:
    figure = all_figures()[name]
    root = ET.fromstring(render(figure, THEMES["dark"], 900, 560, "svg"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root[0].tag == f"{space}title"
    assert root[0].text == figure.title
    assert root[1].tag == f"{space}desc"
    words = " ".join(text.text or "" for text in root.iter(f"{space}text"))
    assert figure.title[:30] in words


def test_a_png_has_the_size_that_was_asked_for() -> None:
    picture = render(described(3, bounds()), LIGHT, 641, 403, "png")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (641, 403)


def test_the_smallest_picture_is_drawn_however_much_there_is_to_say() -> None:
    many = [{"code": "noisy", "message": f"{n} " + "long words " * 30} for n in range(10)]
    assert render(described(3, bounds(warnings=many)), LIGHT, 320, 240, "png")


def test_the_same_picture_is_the_same_bytes_also_from_several_threads() -> None:
    figure = described(1, bounds())
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(lambda _: render(figure, LIGHT, 500, 300, "svg"), range(3)))) == 1


def test_ticks_are_powers_of_ten_in_plain_text() -> None:
    assert [power_of_ten(value) for value in (1e-3, 1.0, 10.0, 0.02)] == ["10⁻³", "10⁰", "10¹", "0.02"]

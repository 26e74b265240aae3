"""What the picture of a range test says."""

from api.plots import range_test, sweep
from api.plots.figure import Band, Line, Mark, Rule, Span
from api.plots.matplotlib.render import render
from tests.unit.api.plots.figures import LIGHT, NO_BOUNDS, described, items, subject, sweep_table
from tests.unit.documents import bounds


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

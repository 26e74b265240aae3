from pathlib import Path

import numpy as np
import pytest

from client.pictures import series_of
from client.range_test_picture import draw_range_test, median_of
from client.training_picture import draw_training, smoothed
from tests.unit.client.documents import bounds, range_test_curves, training_curves

NO_BOUNDS = bounds(bounds=None, confidence={"grade": "none"}, alternatives=[], evidence={"diverged_at": None})


@pytest.mark.parametrize(("replicas", "document"), [(3, bounds()), (1, bounds()), (3, NO_BOUNDS), (0, NO_BOUNDS)])
def test_a_range_test_is_drawn_with_any_number_of_replicas(
    tmp_path: Path, replicas: int, document: dict[str, object]
) -> None:
    draw_range_test(range_test_curves(replicas), document, tmp_path / "a" / "range.png", "title")
    assert (tmp_path / "a" / "range.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "a" / "range.svg").read_text()


def test_a_training_is_drawn(tmp_path: Path) -> None:
    draw_training(training_curves(), tmp_path / "training.png", "title")
    assert (tmp_path / "training.png").stat().st_size > 10_000
    assert (tmp_path / "training.svg").exists()


@pytest.mark.parametrize("steps", [1, 12])
def test_a_training_without_momentum_or_evaluation_is_drawn(tmp_path: Path, steps: int) -> None:
    curves = training_curves(max(steps, 2))
    curves["series"] = [
        series | {"x": series["x"][:steps], "y": series["y"][:steps]}
        for series in curves["series"]
        if series["metric"] in {"train_loss", "lr"}
    ]
    draw_training(curves, tmp_path / "training.png", "title")


def test_the_median_ends_where_fewer_than_half_of_the_replicas_go_on() -> None:
    replicas = series_of(range_test_curves(3, steps=100), "train_loss")
    last_finite = sorted(float(series.x[np.isfinite(series.y)][-1]) for series in replicas)
    assert median_of(replicas).x[-1] == last_finite[1]


def test_a_straight_line_is_smoothed_into_itself_away_from_its_ends() -> None:
    (series,) = series_of({"series": [{"metric": "m", "x": list(range(30)), "y": list(range(30))}]}, "m")
    np.testing.assert_allclose(smoothed(series).y[2:-2], series.y[2:-2])

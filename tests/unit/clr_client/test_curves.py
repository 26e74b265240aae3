import numpy as np
import pytest

from clr_client.curves import Curves
from tests.unit.documents import JOB_ID, training_curves


def test_curves_are_arrays_with_what_was_not_finite_in_its_place() -> None:
    series = {"metric": "train_loss", "replica": 0, "smoothing": None, "x": [0, 1, 2, 3], "y": [2.5, None, None, 1.0]}
    special = [{"step": 1, "value": "inf"}, {"step": 2, "value": "nan"}]
    curves = Curves.of({"job_id": JOB_ID, "x": "step", "series": [series | {"nonfinite": special}]})
    np.testing.assert_array_equal(curves["train_loss"].y, [2.5, np.inf, np.nan, 1.0])
    assert curves["train_loss"].x.dtype == np.float64
    assert (curves.metrics, len(curves), len(curves["train_loss"])) == (["train_loss"], 1, 4)
    with pytest.raises(KeyError, match="train_loss"):
        curves["val_loss"]


def test_curves_become_tables_of_pandas() -> None:
    pytest.importorskip("pandas")
    document = training_curves(24)
    for series in document["series"]:
        series |= {"replica": 0}
    curves = Curves.of(document)
    table = curves.to_pandas()
    assert list(table.columns) == ["metric", "replica", "smoothing", "step", "value"]
    assert len(table) == sum(map(len, curves))
    assert table.groupby("metric")["value"].max()["lr"] == max(document["series"][1]["y"])
    one = curves["lr"].to_pandas()
    assert (one.name, one.index.name, len(one)) == ("lr", "step", 24)
    assert Curves.of({"job_id": JOB_ID, "x": "lr", "series": []}).to_pandas().empty

import json
import math

import plotly.graph_objects as go
import pytest

from api.plots import plotly_json
from tests.unit.api.plots.figures import LIGHT, all_figures, described
from tests.unit.documents import bounds


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

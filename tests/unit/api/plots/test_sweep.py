from api.plots.figure import Line, Mark
from tests.unit.api.plots.figures import all_figures, items


def test_a_sweep_lays_its_curves_over_one_another_and_names_what_failed() -> None:
    figure = all_figures()["sweep"]
    assert [line.name for line in items(figure, Line)] == ["weight decay 1e-05", "weight decay 0.0001"]
    assert figure.verdict == "2 of 3 conditions have bounds"
    assert figure.notes == ("Failed (out_of_memory): weight decay 10000. Too large.",)
    assert len([mark for mark in figure.panels[0].items if isinstance(mark, Mark)]) == 2

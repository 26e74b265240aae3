from api.plots import training
from tests.unit.api.plots.figures import subject
from tests.unit.documents import training_curves


def test_a_training_has_panels_for_what_it_measured() -> None:
    figure = training.describe(subject(), training_curves())
    assert [panel.label for panel in figure.panels] == ["loss", "accuracy", "LR", "momentum"]
    assert "generalisation gap" in figure.description
    curves = training_curves()
    curves["series"] = [each for each in curves["series"] if each["metric"] in {"train_loss", "lr"}]
    assert [panel.label for panel in training.describe(subject(), curves).panels] == ["loss", "LR"]

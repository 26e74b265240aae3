import pytest

from clr_core.schedules import steps_of_epochs


@pytest.mark.parametrize(
    ("epochs", "steps_per_epoch", "steps"),
    [(2, 98, 196), (2.5, 3, 8), (0.5, 391, 196), (1e-9, 1, 1), (2, 19.53125, 39)],
)
def test_epochs_become_the_nearest_number_of_steps(epochs: float, steps_per_epoch: float, steps: int) -> None:
    assert steps_of_epochs(epochs, steps_per_epoch) == steps

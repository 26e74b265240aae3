import pytest

from jobs.lifecycle.training_rates import resolve
from tests.builders import train_spec


def test_the_linear_scaling_rule_multiplies_peak_and_foot() -> None:
    assert resolve(train_spec(lr_reference_batch=16), bounds=None)["max_lr"] == pytest.approx(0.4)
    cyclic = {"name": "triangular", "max_lr": 0.1, "base_lr": 0.01, "step_size": 5}
    rates = resolve(train_spec(lr_reference_batch=128, schedule=cyclic), bounds=None)
    assert rates == {"max_lr": pytest.approx(0.05), "base_lr": pytest.approx(0.005)}

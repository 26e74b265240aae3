import pytest
import torch
from sklearn.metrics import r2_score
from torch.nn import functional

from jobs.errors import TrainingError
from worker.train.data.splits import Split, place
from worker.train.step.objective import CrossEntropy, MeanSquaredError, Objective, objective_of

CPU = torch.device("cpu")


def added_up(objective: Objective, outputs: torch.Tensor, targets: torch.Tensor) -> dict[str, float]:
    """Metrics from the sums of uneven parts, as ranks and batches give them."""
    parts = zip(outputs.split(7), targets.split(7), strict=True)
    sums = torch.stack([objective.sums(one, other) for one, other in parts]).sum(0)
    assert sums.shape == (objective.sums_size,)
    return objective.metrics(sums, len(targets))


def test_cross_entropy_is_torchs_and_accuracy_the_share_of_hits() -> None:
    logits, labels = torch.randn(40, 3), torch.randint(0, 3, (40,))
    objective = CrossEntropy(3)
    smoothed = functional.cross_entropy(logits, labels, label_smoothing=0.1)
    assert torch.equal(objective.loss(logits, labels, 0.1), smoothed)
    metrics = added_up(objective, logits, labels)
    assert metrics["val_loss"] == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-5)
    assert metrics["val_accuracy"] == (logits.argmax(1) == labels).double().mean().item()


@pytest.mark.parametrize("targets", [1, 3])
def test_mean_squared_error_is_torchs_and_r2_is_scikit_learns(targets: int) -> None:
    wanted = torch.randn(40, targets) * torch.arange(1, targets + 1)
    outputs = wanted + torch.randn(40, targets)
    objective = MeanSquaredError(targets)
    assert objective.outputs == targets
    assert torch.equal(objective.loss(outputs, wanted), functional.mse_loss(outputs, wanted))
    metrics = added_up(objective, outputs, wanted)
    assert metrics["val_loss"] == pytest.approx(functional.mse_loss(outputs, wanted).item(), rel=1e-5)
    assert metrics["val_r2"] == pytest.approx(r2_score(wanted.numpy(), outputs.numpy()), rel=1e-5)


def test_r2_is_left_out_where_a_target_does_not_vary() -> None:
    constant = torch.full((10, 1), 2.5)
    assert set(added_up(MeanSquaredError(1), constant + 1, constant)) == {"val_loss"}


def test_the_targets_say_which_objective_it_is() -> None:
    x = torch.zeros(8, 2)
    classes = place(Split(x, torch.arange(8) % 4), Split(x, torch.arange(8) % 4), CPU)
    numbers = place(Split(x, torch.randn(8, 2)), Split(x, torch.randn(8, 2)), CPU)
    assert (type(objective_of(classes, 0.1)), objective_of(classes, 0.1).outputs) == (CrossEntropy, 4)
    assert (type(objective_of(numbers, 0.0)), objective_of(numbers, 0.0).outputs) == (MeanSquaredError, 2)
    with pytest.raises(TrainingError, match="label_smoothing must be 0 for a regression"):
        objective_of(numbers, 0.1)

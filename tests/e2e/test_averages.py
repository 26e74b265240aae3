"""A noise scale, and a second phase of ranks on their own, as a user sees them."""

from typing import Any

from clr_client.client import Client
from tests.builders import conditions, train
from tests.e2e.test_observed import ended, series


def test_the_noise_scale_and_the_ranks_of_a_second_phase_stand_in_curves_and_result(client: Client) -> None:
    swap = {"schedule": {"name": "linear", "lr": 0.02}, "steps": 30, "batch_size": 16}
    spec = train(steps=60, observe={"noise_scale": {"every": 2}}, swap=swap, conditions=conditions())
    job: dict[str, Any] = ended(client, spec)
    assert job["status"] == "succeeded"
    assert job["resolved"]["swap_steps"] == 30
    assert (job["progress"]["step"], job["progress"]["total_steps"]) == (90, 90)
    batch = job["result"]["diagnosis"]["batch_size"]
    assert batch["measurements"] == 30
    assert batch["critical_batch_size"] is not None or batch["reason"]
    assert series(client, job["id"], "noise_scale")["x"] == list(range(0, 60, 2))
    found = client.curves(job["id"], ["swap_train_loss"], max_points=20_000)["series"]
    assert {(one["replica"], *one["x"][:1], *one["x"][-1:]) for one in found} == {(0, 60, 89), (1, 60, 89)}
    swapped = job["result"]["swap"]
    assert len(swapped["ranks"]) == 2
    assert job["result"]["final"] == swapped["average"]
    assert series(client, job["id"], "val_accuracy")["y"][-1] == swapped["average"]["val_accuracy"]

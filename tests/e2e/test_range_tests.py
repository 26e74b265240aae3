"""Range tests as users ask for them: by held-back data, with short sweeps, from the weights of a training."""

from typing import Any

from clr_client.client import Client
from local_stack.stack import Stack
from tests.builders import conditions, lr_find, train

TIMEOUT_S = 60
SWEEP = {"start_lr": 1e-5, "end_lr": 10, "steps": 40, "replicas": 2}


def found(client: Client, **changes: Any) -> Any:
    job = client.wait(client.submit(lr_find(**changes))["id"], timeout_s=TIMEOUT_S)
    assert job["status"] == "succeeded", job["error"]
    return job


def losses(client: Client, job_id: str) -> dict[int, list[float | None]]:
    series = client.curves(job_id, ["train_loss"])["series"]
    return {one["replica"]: one["y"] for one in series}


def test_bounds_from_the_accuracy_on_held_back_data_with_short_sweeps(client: Client) -> None:
    job = found(client, range_test=SWEEP | {"measure": "val_accuracy", "measure_every": 2, "bisect": True})
    accuracies = client.curves(job["id"], ["val_accuracy"], x="step")["series"]
    assert [one["replica"] for one in accuracies if one["x"][-1] > 20][:2] == [0, 1]
    assert all(0 <= value <= 1 for one in accuracies for value in one["y"])
    assert accuracies[0]["x"][:3] == [1, 3, 5]
    document = client.bounds(job["id"])
    assert document["bounds"] is not None
    assert document["curve"]["metric"] == "val_accuracy"
    assert max(document["curve"]["median"]) > 0.5
    assert "accuracy_peak" in {rule["method"] for rule in document["alternatives"]}
    assert set(losses(client, job["id"])) > {0, 1}  # a sweep that diverged was repeated around its edge


def test_the_measure_changes_no_step_and_any_world_size_sees_the_same(client: Client) -> None:
    plain = losses(client, found(client, range_test=SWEEP)["id"])
    measured = losses(client, found(client, range_test=SWEEP | {"measure": "val_loss"})["id"])
    assert plain == measured
    alone = losses(client, found(client, range_test=SWEEP, conditions=conditions(world_size=1))["id"])
    for one, two in zip(alone[0][:20], plain[0][:20], strict=True):
        assert one is not None
        assert two is not None
        assert abs(one - two) < 1e-4 * abs(two)


def test_batch_norm_under_held_back_data_is_warned_of(client: Client) -> None:
    test = {"start_lr": 1e-5, "end_lr": 1, "steps": 12, "replicas": 1, "measure_every": 1}
    for model, warned in (("resnet8", True), ("mlp", False)):
        job = found(client, conditions=conditions(model={"name": model}), range_test=test | {"measure": "val_loss"})
        codes = {warning["code"] for warning in client.bounds(job["id"])["warnings"]}
        assert ("lagging_statistics" in codes) is warned


def test_replicas_differ_by_data_order_and_by_initialisation_where_asked(client: Client) -> None:
    alike = losses(client, found(client, range_test=SWEEP | {"steps": 10})["id"])
    varied = losses(
        client, found(client, range_test=SWEEP | {"steps": 10, "vary": "data_order_and_initialisation"})["id"]
    )
    assert alike[0] != alike[1]
    assert varied[0] != varied[1]
    assert alike[0] != varied[0]


def test_a_range_test_starts_from_the_weights_of_a_training(stack: Stack, client: Client) -> None:
    del stack
    training = client.wait(client.submit(train(steps=300))["id"], timeout_s=TIMEOUT_S)
    final = training["result"]["final"]["val_loss"]
    fresh = losses(client, found(client, range_test=SWEEP)["id"])[0][0]
    started = losses(client, found(client, range_test=SWEEP | {"start_from": {"from_job": training["id"]}})["id"])
    assert fresh is not None
    assert fresh > 2.0
    assert all(run[0] is not None and run[0] < 2 * final + 0.2 for run in started.values())

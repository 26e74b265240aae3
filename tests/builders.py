"""Small factories: a legal document, with what a test is about put in by keyword."""

from typing import Any

from jobs.spec.conditions import Conditions
from jobs.spec.job import CompareSpec, LrFindSpec, SweepSpec, TrainSpec
from jobs.spec.resolved import resolve
from jobs.spec.runnable import TrainingJob


def conditions(**changes: Any) -> dict[str, Any]:
    return {
        "model": {"name": "mlp", "options": {"hidden": [16]}},
        "dataset": {"name": "digits"},
        "optimizer": {"name": "sgd", "momentum": 0.9},
        "world_size": 2,
        "global_batch_size": 64,
    } | changes


def lr_find(**changes: Any) -> dict[str, Any]:
    range_test = {"start_lr": 1e-5, "end_lr": 10, "steps": 40, "replicas": 1}
    return {"kind": "lr_find", "conditions": conditions(), "range_test": range_test} | changes


def sweep(**changes: Any) -> dict[str, Any]:
    return lr_find(kind="sweep", over={"optimizer.weight_decay": [1e-3, 1e-4, 1e-5]}) | changes


def compare(**changes: Any) -> dict[str, Any]:
    fast = {"name": "fast", "schedule": one_cycle(), "steps": 20}
    slow = {"name": "slow", "schedule": {"name": "piecewise", "lr": 0.05, "milestones": [60]}, "steps": 80}
    body = {"kind": "compare", "conditions": conditions(), "arms": [fast, slow], "seeds": [0, 1]}
    return {key: value for key, value in (body | changes).items() if value is not None}


def train(**changes: Any) -> dict[str, Any]:
    body = {"kind": "train", "conditions": conditions(), "schedule": one_cycle(), "steps": 20}
    return {key: value for key, value in (body | changes).items() if value is not None}


def one_cycle(max_lr: Any = 0.1, **changes: Any) -> dict[str, Any]:
    return {"name": "one_cycle", "max_lr": max_lr} | changes


def lr_find_spec(**changes: Any) -> LrFindSpec:
    return LrFindSpec.model_validate(lr_find(**changes))


def sweep_spec(**changes: Any) -> SweepSpec:
    return SweepSpec.model_validate(sweep(**changes))


def compare_spec(**changes: Any) -> CompareSpec:
    return CompareSpec.model_validate(compare(**changes))


def train_spec(**changes: Any) -> TrainSpec:
    return TrainSpec.model_validate(train(**changes))


def training_job(**changes: Any) -> TrainingJob:
    spec = train_spec(**changes)
    return TrainingJob(spec=spec, resolved=resolve(spec))


def conditions_of(**changes: Any) -> Conditions:
    return Conditions.model_validate(conditions(**changes))

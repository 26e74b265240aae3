"""Examples of the OpenAPI document: bodies that can be posted as they are, responses, and ids in paths.

``answers.json`` has the responses by schema name. A test posts each body and checks each response against its schema.
"""

import json
from importlib.resources import files
from typing import Any

ANSWERS: dict[str, Any] = json.loads(files("api.openapi").joinpath("answers.json").read_text())
PARAMETERS: dict[str, Any] = {
    "job_id": "job_0192f0c1d2e37f4a8b5c6d7e8f901234",
    "dataset_id": "ds_0192f0c1d2e37f4a8b5c6d7e8f901234",
    "key_id": "key_0123456789abcdef",
    "name": "gpu-a",
    "step": 940,
}


CONDITIONS: dict[str, Any] = {
    "model": {"name": "mlp", "options": {"hidden": [128]}},
    "dataset": {"name": "digits"},
    "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4},
    "world_size": 2,
    "global_batch_size": 128,
}
LR_FIND: dict[str, Any] = {
    "kind": "lr_find",
    "conditions": CONDITIONS,
    "range_test": {"start_lr": 1e-6, "end_lr": 10, "steps": 100, "replicas": 3},
}
TRAIN: dict[str, Any] = {
    "kind": "train",
    "conditions": CONDITIONS,
    "schedule": {"name": "one_cycle", "max_lr": "auto"},
    "epochs": 12,
}
SWEEP: dict[str, Any] = {
    "kind": "sweep",
    "conditions": CONDITIONS,
    "over": {"optimizer.weight_decay": [1e-3, 1e-4, 1e-5]},
    "range_test": {"start_lr": 1e-6, "end_lr": 10, "steps": 100, "replicas": 3},
}
COMPARE: dict[str, Any] = {
    "kind": "compare",
    "conditions": CONDITIONS,
    "preset": {"name": "super_convergence", "steps": 60, "ratio": 8},
    "seeds": [0, 1, 2],
}
JOB_SPECS: dict[str, Any] = {
    "lr_find": {"summary": "Run three range tests and find bounds", "value": LR_FIND},
    "sweep": {"summary": "The same range test under three weight decays", "value": SWEEP},
    "compare": {"summary": "1cycle against eight times as many updates of the standard policy", "value": COMPARE},
    "train": {"summary": "Find the bounds first, then train with 1cycle", "value": TRAIN},
    "train_with_bounds": {
        "summary": "Train with the bounds of an earlier lr_find job, under its conditions",
        "value": {
            "kind": "train",
            "schedule": {"name": "one_cycle", "max_lr": {"from_job": "job_0192f0c1d2e37f4a8b5c6d7e8f901234"}},
            "epochs": 12,
        },
    },
}

PREVIEWS: dict[str, Any] = {
    "one_cycle": {
        "summary": "1cycle over 1,000 steps",
        "value": {"schedule": {"name": "one_cycle", "max_lr": 0.4}, "total_steps": 1000},
    },
    "triangular": {
        "summary": "Cycles of eight epochs, with small batches first",
        "value": {
            "schedule": {"name": "triangular", "base_lr": 0.01, "max_lr": 0.1, "step_size_epochs": 4},
            "total_steps": 2000,
            "steps_per_epoch": 97.5,
            "global_batch_size": 512,
            "batch_size_warm_start": {"small_batch_size": 64, "small_steps": 200},
        },
    },
}

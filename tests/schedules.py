"""One legal document of every schedule, for a training of 30 steps."""

from typing import Any

SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {"lr": 0.05},
    "piecewise": {"lr": 0.05, "milestones": [10, 20]},
    "linear": {"lr": 0.05},
    "cosine": {"lr": 0.05, "final_lr": 0.001, "warmup": {"steps": 5, "from_factor": 0.1}},
    "wsd": {"lr": 0.05, "warmup_steps": 5, "decay_steps": 10},
    "triangular": {"base_lr": 0.01, "max_lr": 0.1, "step_size": 6, "step_size_down": 4},
    "triangular2": {"base_lr": 0.01, "max_lr": 0.1, "step_size_epochs": 0.25},
    "exp_range": {"base_lr": 0.01, "max_lr": 0.1, "step_size": 5, "gamma": 0.95},
    "one_cycle": {"max_lr": 0.1, "anneal": "cos", "warmup": {"steps": 3}},
    "one_cycle_two_phase": {"max_lr": 0.1},
    # Smith 2017, table 2, in small: triangles inside of step drops.
    "sequence": {
        "parts": [
            {"steps": 20, "schedule": {"name": "triangular", "base_lr": 0.01, "max_lr": 0.1, "step_size": 5}},
            {"steps": 10, "schedule": {"name": "triangular", "base_lr": 0.001, "max_lr": 0.01, "step_size": 5}},
        ]
    },
}
STEPS = 30


def schedule(name: str) -> dict[str, Any]:
    return {"name": name} | SCHEDULES[name]

"""Figures of made-up jobs, for the tests of what draws them."""

from typing import Any

from api.plots import range_test, sweep, training
from api.plots.figure import Figure
from api.plots.labels import Subject
from api.plots.themes import THEMES
from tests.builders import conditions
from tests.unit.documents import bounds, range_test_curves, training_curves

LIGHT = THEMES["light"]
NO_BOUNDS = bounds(
    bounds=None,
    confidence={"grade": "none", "level": 0.9, "replicas": 3, "base_lr": None, "max_lr": None},
    alternatives=[],
    evidence={"diverged_at": None},
    warnings=[{"code": "no_fall", "message": "The loss never falls."}],
)


def subject(status: str = "succeeded", **changes: Any) -> Subject:
    spec = {"range_test": {"start_lr": 1e-6, "end_lr": 10.0}, "schedule": {"name": "one_cycle"}}
    is_terminal = status in {"succeeded", "failed", "cancelled"}
    return Subject("job_1", "lr_find", status, is_terminal, spec, conditions(), **changes)


def described(replicas: int = 3, document: dict[str, Any] | None = None, **changes: Any) -> Figure:
    return range_test.describe(subject(**changes), range_test_curves(replicas), document)


def items(figure: Figure, kind: type) -> list[Any]:
    return [item for panel in figure.panels for item in panel.items if isinstance(item, kind)]


def sweep_table(**changes: Any) -> dict[str, Any]:
    def cell(number: int, **own: Any) -> dict[str, Any]:
        lrs = {"base_lr": 0.004, "max_lr": 0.04 / (1 + number)}
        return {
            "job_id": f"job_{number}", "status": "succeeded", "reason": None, "error": None, "warnings": [],
            "settings": {"optimizer.weight_decay": 10.0 ** (number - 5)}, "bounds": lrs,
            "confidence": {"grade": "high", "max_lr": {"low": 0.01, "high": 0.05}},
        } | own  # fmt: skip

    lost = cell(9, status="failed", reason="out_of_memory", bounds=None, error={"code": "c", "message": "Too large."})
    return {"object": "sweep_table", "is_final": True, "cells": [cell(0), cell(1), lost]} | changes


def all_figures() -> dict[str, Figure]:
    return {
        "good": described(3, bounds()),
        "refusal": described(3, NO_BOUNDS),
        "running": described(2, None, status="running"),
        "empty": described(0, None, status="queued"),
        "failed": described(0, None, status="failed", reason="out_of_memory", error="no <room> $left$ \x07\U0001f600"),
        "training": training.describe(subject(), training_curves()),
        "empty training": training.describe(subject("queued", waits_for="job_0"), {"series": []}),
        "sweep": sweep.describe(subject(), sweep_table(), {f"job_{n}": range_test_curves(2) for n in range(2)}),
        "empty sweep": sweep.describe(subject("running"), sweep_table(cells=[], is_final=False), {}),
    }

"""Text in figures of jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.plots.figure import Role

_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}
_METRICS = {
    "train_loss": "training loss", "val_loss": "validation loss", "val_accuracy": "validation accuracy",
    "train_accuracy": "training accuracy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """The properties of a job that its figure shows."""

    id: str
    kind: str
    status: str
    is_terminal: bool
    spec: Mapping[str, Any]
    conditions: Mapping[str, Any]
    step: int = 0
    total_steps: int | None = None
    reason: str | None = None
    error: str | None = None
    waits_for: str | None = None


def number(value: float) -> str:
    """A number with three significant digits."""
    return f"{value:.3g}"


def metric_name(metric: str) -> str:
    """A metric's axis label."""
    return _METRICS.get(metric, metric.replace("_", " "))


def rule_name(method: str) -> str:
    """A rule's name without underscores."""
    return method.replace("_", " ")


def under(conditions: Mapping[str, Any]) -> str:
    """Model, dataset, optimizer, batch and world size: ``mlp on digits, SGD 0.9, …``."""
    model = (conditions.get("model") or {}).get("name", "a model")
    dataset = conditions.get("dataset") or {}
    data = (dataset.get("options") or {}).get("path") or dataset.get("name", "data")
    ranks, batch = conditions.get("world_size"), conditions.get("global_batch_size")
    parts = [f"{model} on {data}", optimizer(conditions.get("optimizer") or {})]
    if batch is not None:
        parts.append(f"batch {batch}")
    words = ", ".join(parts)
    return words if ranks is None else f"{words} over {ranks} ranks" if ranks > 1 else f"{words} on 1 rank"


def optimizer(settings: Mapping[str, Any]) -> str:
    """An optimizer by its name, momentum (or first beta) and weight decay."""
    name = _OPTIMIZERS.get(settings.get("name", ""), str(settings.get("name", "optimizer")))
    parts = []
    if settings.get("momentum"):
        parts.append(f"momentum {settings['momentum']:g}")
    if settings.get("betas"):
        parts.append(f"beta1 {settings['betas'][0]:g}")
    if settings.get("weight_decay"):
        parts.append(f"weight decay {settings['weight_decay']:g}")
    return f"{name} ({', '.join(parts)})" if parts else name


def status_label(subject: Subject) -> tuple[str, Role]:
    """The status of a job without a verdict as text, and its colour."""
    if subject.status == "failed":
        why = f" ({subject.reason})" if subject.reason else ""
        return f"Failed{why}{': ' + subject.error if subject.error else ''}", "red"
    if subject.status == "cancelled":
        return "Cancelled before the end", "red"
    if subject.status == "queued":
        return (f"Waits for {subject.waits_for}" if subject.waits_for else "Queued"), "muted"
    if subject.status == "succeeded":
        return "Succeeded", "green"
    of = f" of {subject.total_steps}" if subject.total_steps else ""
    return f"{subject.status.capitalize()}, step {subject.step}{of}", "muted"

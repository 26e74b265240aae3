"""MLflow: one run for each job in the experiment ``clr-service``; later attempts continue it."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # noqa: TID251 - a server tells nobody else of its jobs

from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from jobs.database.records import Claim, MetricPoint
from worker.sinks.sink import OpenSink, tag

EXPERIMENT = "clr-service"
MOST_METRICS = 1000  # that MLflow takes in one request
MOST_PARAMS = 100
_ENDS = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}
_FLOATS = {math.inf: 1.7976931348623157e308, -math.inf: -1.7976931348623157e308}  # as MLflow's own stores do


class MlflowSink:
    """Logs the metrics of a job, and at its start its spec as parameters.

    Args:
        uri: Tracking URI: ``http://…``, ``sqlite:///…``, a folder.
        claim: Whose metrics.
    """

    def __init__(self, uri: str, claim: Claim) -> None:
        self._client = MlflowClient(tracking_uri=uri)
        self._many = claim.kind == "lr_find"
        self._run_id = self._find_run(claim) or self._make_run(claim)

    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        return str(found.experiment_id if found is not None else self._client.create_experiment(EXPERIMENT))

    def _find_run(self, claim: Claim) -> str | None:
        if claim.attempt == 1:
            return None
        query = f"tags.`clr.job_id` = '{claim.job_id}'"
        runs = self._client.search_runs([self._experiment_id()], query, max_results=1)
        return str(runs[0].info.run_id) if runs else None

    def _make_run(self, claim: Claim) -> str:
        tags = {"clr.job_id": claim.job_id, "clr.kind": claim.kind}
        name = claim.job.spec.name or claim.job_id
        run_id = str(self._client.create_run(self._experiment_id(), tags=tags, run_name=name).info.run_id)
        document = claim.job.model_dump(mode="json", include={"spec", "resolved"})
        asked = [Param(key, str(value)) for key, value in _flat(document)]
        for start in range(0, len(asked), MOST_PARAMS):
            self._client.log_batch(run_id, params=asked[start : start + MOST_PARAMS])
        return run_id

    def write(self, points: Sequence[MetricPoint], at: float) -> None:
        """Log points; an infinite value becomes the largest float, since MLflow knows none."""
        metrics = [
            Metric(tag(point, many=self._many), _FLOATS.get(point.raw, point.raw), int(at * 1000), point.step)
            for point in points
        ]
        for start in range(0, len(metrics), MOST_METRICS):
            self._client.log_batch(self._run_id, metrics=metrics[start : start + MOST_METRICS])

    def close(self, status: str) -> None:
        """End the run where the job has ended; one that is queued again stays open."""
        if status in _ENDS:
            self._client.set_terminated(self._run_id, _ENDS[status])


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value


def opener(where: str) -> OpenSink:
    """Sinks of the tracking server, database or folder ``where``."""

    def open_one(claim: Claim) -> MlflowSink:
        return MlflowSink(where, claim)

    return open_one

"""``/metrics`` for Prometheus."""

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.observe import Metrics

router = APIRouter(tags=["health"])

_EXAMPLE = 'clr_jobs{status="running"} 2.0\n'
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        "description": "Prometheus' text format",
    }
}


@router.get("/metrics", response_class=Response, responses=_TEXT)
def show_metrics(request: Request) -> Response:
    """Queue, attempts, workers, latencies. Needs a key where keys are asked for, unless ``CLR_METRICS_PUBLIC``."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

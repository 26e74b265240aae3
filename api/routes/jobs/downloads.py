"""Downloads of a training: its model and model card, its checkpoints, and its curves as CSV."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from api.dependencies import Services, ServicesDep
from api.schemas.outputs import CheckpointDocument, CheckpointList
from api.schemas.problems import problems
from jobs.curves import csv_export
from jobs.database import queries
from jobs.database.tables.jobs import Artifact
from jobs.errors import JobNotFoundError, NoSuchFileError
from jobs.files import downloads
from jobs.files.artifacts import ArtifactStore

router = APIRouter(prefix="/v1/jobs", tags=["outputs"])

_BINARY = "application/octet-stream"


_CARD: dict[int | str, dict[str, object]] = {
    200: {
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {"object": "model_card", "job_id": "job_0192f0c1d2e37f4a8b5c6d7e8f901234", "kind": "train"},
            }
        },
        "description": "The card; its SHA-256 is the ETag",
    }
}


def _file(content: str) -> dict[int | str, dict[str, object]]:
    schema = {"type": "string", "contentMediaType": content}
    return {200: {"content": {content: {"schema": schema}}, "description": "The file; its SHA-256 is the ETag"}}


@router.get(
    "/{job_id}/model",
    response_class=FileResponse,
    responses={**problems(JobNotFoundError, NoSuchFileError), **_file(_BINARY)},
)
def download_model(services: ServicesDep, job_id: str) -> FileResponse:
    """Download the final weights of a succeeded training as safetensors; 409 if there are none."""
    with services.database.read() as session:
        row = downloads.handed_out(session, job_id, "model")
    answer = _send(services, row, f"{job_id}.safetensors")
    answer.headers["Link"] = f'</v1/jobs/{job_id}/model/card>; rel="describedby"; type="application/json"'
    return answer


@router.get(
    "/{job_id}/model/card",
    response_class=FileResponse,
    responses={**problems(JobNotFoundError, NoSuchFileError), **_CARD},
)
def show_card(services: ServicesDep, job_id: str) -> FileResponse:
    """Get the model card: spec, conditions and their fingerprint, rates, metrics, versions."""
    with services.database.read() as session:
        row = downloads.handed_out(session, job_id, "card")
    return _send(services, row, f"{job_id}.json", "application/json")


@router.get("/{job_id}/checkpoints", responses=problems(JobNotFoundError))
def list_checkpoints(services: ServicesDep, job_id: str) -> CheckpointList:
    """List the stored checkpoints of a training, newest first: the last two, and the best."""
    with services.database.read() as session:
        job = queries.get_job(session, job_id)
        return CheckpointList(data=[CheckpointDocument.of(row) for row in queries.checkpoints_of(session, job.id)])


@router.get(
    "/{job_id}/checkpoints/{step}", response_class=FileResponse,
    responses={**problems(422, JobNotFoundError, NoSuchFileError), **_file(_BINARY)},
)  # fmt: skip
def download_checkpoint(services: ServicesDep, job_id: str, step: int) -> FileResponse:
    """Download the checkpoint after ``step`` steps, saved by torch; load it with ``weights_only=True``."""
    with services.database.read() as session:
        row = downloads.checkpoint_at(session, job_id, step)
    return _send(services, row, f"{job_id}-step-{step}.pt")


def _send(services: Services, row: Artifact, name: str, media_type: str = _BINARY) -> FileResponse:
    path = ArtifactStore(services.settings.artifacts_dir).path(row.key)
    if not path.is_file():  # this host and the workers use different stores, or the file was deleted
        raise NoSuchFileError(row.job_id, row.kind, "its file is not in the artifact store of this server")
    if path.stat().st_size != row.size_bytes:
        raise NoSuchFileError(row.job_id, row.kind, "its file is damaged: its size differs from the stored size")
    return FileResponse(path, media_type=media_type, filename=name, headers={"ETag": f'"{row.sha256}"'})


class _CsvRoute(APIRoute):
    """A route that matches only requests for CSV; the JSON route of the same path serves all others."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (match, child) if match is Match.NONE or _asks_for_csv(scope) else (Match.NONE, {})


def _asks_for_csv(scope: Scope) -> bool:
    wanted: list[str] | None = parse_qs(scope["query_string"].decode("latin-1")).get("format")
    if wanted:
        return bool(wanted[-1] == "csv")
    accept: str = Headers(scope=scope).get("accept", "")
    return accept.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip() == "text/csv"


csv_router = APIRouter(prefix="/v1/jobs", route_class=_CsvRoute)


@csv_router.get("/{job_id}/curves", include_in_schema=False)
def download_curves(
    services: ServicesDep, job_id: str, metric: Annotated[list[str] | None, Query(max_length=20)] = None
) -> StreamingResponse:
    """Download all points of a job as ``metric,replica,step,value`` with a header line."""
    with services.database.read() as session:
        job = queries.get_job(session, job_id)

    rows = csv_export.lines(services.database, job.id, metric or [])
    headers = {"Content-Disposition": f'attachment; filename="{job.id}.csv"'}
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8; header=present", headers=headers)

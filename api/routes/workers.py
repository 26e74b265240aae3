"""Lists live workers and their jobs, and drains workers."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from api.dependencies import Services, ServicesDep
from api.routes.jobs.request_bodies import OptionalBody
from api.schemas.base import Document
from api.schemas.problems import problems
from jobs.database import queries
from jobs.database.row_filter import every_owner
from jobs.database.tables.jobs import Job
from jobs.database.tables.service import Worker
from jobs.errors import WorkerNotFoundError
from jobs.scheduling import workers
from jobs.spec.base import Strict

router = APIRouter(prefix="/v1/workers", tags=["workers"])


class RunningJob(Document):
    """A job on a worker. ``slots`` counts those that it needs and idle ones lent to its replicas."""

    job_id: str
    kind: str
    status: str
    attempt: int
    slots: int


class WorkerDocument(Document):
    """A live worker. ``idle`` means that it runs no job; a draining worker accepts no more jobs."""

    object: Literal["worker"] = "worker"
    name: str
    host: str
    pid: int
    state: Literal["idle", "busy", "draining", "drained"]
    draining: bool
    slots: int
    free_slots: int
    quarantined_slots: list[int]
    device: str
    devices: list[str]
    versions: dict[str, str]
    started_at: datetime
    heartbeat_age_s: float
    jobs: list[RunningJob]

    @classmethod
    def of(cls, row: Worker, jobs: list[Job], slots: dict[str, int], seen: set[str], now: float) -> "WorkerDocument":
        """Build the document from a worker's row, its jobs and their slots; only ``seen`` jobs are named."""
        used = sum(slots.get(job.id, job.slots) // job.nodes for job in jobs)
        state: Literal["idle", "busy", "draining", "drained"] = "busy" if jobs else "idle"
        if row.draining:
            state = "draining" if jobs else "drained"
        return cls(
            name=row.name, host=row.host, pid=row.pid, state=state, draining=row.draining, slots=row.slots,
            free_slots=max(row.slots - used - len(row.quarantined), 0), quarantined_slots=row.quarantined,
            device=row.device, devices=row.devices, versions=row.versions,
            started_at=datetime.fromtimestamp(row.started_at, UTC), heartbeat_age_s=round(max(now - row.beat_at, 0), 3),
            jobs=[
                RunningJob(
                    job_id=job.id, kind=job.kind, status=job.status, attempt=job.attempt,
                    slots=slots.get(job.id, job.slots) // job.nodes,
                )
                for job in jobs
                if job.id in seen
            ],
        )  # fmt: skip


class WorkerList(Document):
    """The live workers, by name."""

    object: Literal["list"] = "list"
    data: list[WorkerDocument]


class DrainRequest(Strict):
    """Whether the worker should accept no more jobs."""

    draining: bool = True


def drain_request(found: OptionalBody) -> DrainRequest:
    """Parse a drain request; raises pydantic's ValidationError if it is invalid."""
    return DrainRequest.model_validate(found.document)


_BODY = {
    "requestBody": {
        "required": False,
        "content": {"application/json": {"schema": DrainRequest.model_json_schema(), "example": {"draining": True}}},
    }
}


@router.get("")
def list_workers(services: ServicesDep) -> WorkerList:
    """List workers with a recent heartbeat: their slots, devices, versions and running jobs."""
    return WorkerList(data=_documents(services))


@router.post(
    "/{name}/drain", status_code=202, openapi_extra=_BODY, responses=problems(400, 413, 422, WorkerNotFoundError)
)
def drain_worker(
    services: ServicesDep, name: str, asked: Annotated[DrainRequest, Depends(drain_request)]
) -> WorkerDocument:
    """Let a worker finish its jobs and accept no more; ``{"draining": false}`` reverts that."""
    workers.drain(services.database, name, draining=asked.draining)
    for document in _documents(services):
        if document.name == name:
            return document
    raise WorkerNotFoundError(name)


def _documents(services: Services) -> list[WorkerDocument]:
    with services.database.read() as session:
        now = queries.now(session)
        seen = {job.id for jobs in workers.jobs_of(session).values() for job in jobs}
        with every_owner(session):  # slots count whoever owns the job
            held, slots = workers.jobs_of(session), workers.slots_held(session)
        return [
            WorkerDocument.of(row, held.get(row.name, []), slots, seen, now) for row in queries.live_workers(session)
        ]

"""What routes are given: the services, and the spec in a body."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic_core import from_json

from api.access.caller import NOBODY, Caller
from api.access.failures import Failures
from api.access.policy import Policy
from api.access.stream_access import StreamAccess
from api.change_feed import ChangeFeed
from api.http.null_characters import assert_plain
from api.http.problems import BadBodyError
from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.files.artifacts import ArtifactStore
from jobs.scheduling.broker import WorkerNotifier
from jobs.spec.job import AnySpec, job_spec
from jobs.submission.schedule_preview import PreviewSpec


@dataclass(frozen=True, slots=True)
class Services:
    """What the composition root has built."""

    database: Database
    notifier: WorkerNotifier
    settings: Settings
    change_feed: ChangeFeed
    policy: Policy
    failures: Failures
    judging: asyncio.Semaphore  # uploads are judged one after the other: each takes a core

    @property
    def store(self) -> ArtifactStore:
        """Stored files."""
        return ArtifactStore(self.settings.artifacts_dir)


async def services(request: Request) -> Services:
    """The services that this app was built from, with the database as the caller sees it: only their own jobs."""
    found: Services = request.app.state.services
    caller: Caller | None = request.scope.get("clr_caller")  # none on public paths, which see no job at all
    return replace(found, database=found.database.seen_by(caller.row_filter(found.settings) if caller else NOBODY))


async def stream_access(request: Request) -> StreamAccess:
    """Whether the caller may still read what is streamed to them."""
    found: Services = request.app.state.services
    return StreamAccess(request.scope["clr_caller"], found.database, found.settings)


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The JSON object in a body, and the bytes that it came in."""

    document: dict[str, Any]
    body: bytes


async def json_object(request: Request) -> JsonObject:
    """Parse the body.

    Raises:
        BadBodyError: It is no JSON object.
        ValidationError: A string in it has U+0000.
    """
    body = await request.body()
    try:
        document = from_json(body)
    except ValueError as error:
        raise BadBodyError(f"the body must be a JSON object: {error}" if body else "the body is empty") from error
    if not isinstance(document, dict):
        raise BadBodyError(f"the body must be a JSON object, not {type(document).__name__}")
    request.state.body = document
    assert_plain(document, body)
    return JsonObject(document, body)


Body = Annotated[JsonObject, Depends(json_object)]


@dataclass(frozen=True, slots=True)
class SpecInBody:
    """A valid spec, and the bytes that it came in."""

    spec: AnySpec
    body: bytes


def spec_in_body(found: Body) -> SpecInBody:
    """A job's spec; pydantic's ValidationError where the object is not a legal one."""
    return SpecInBody(job_spec.validate_python(found.document), found.body)


def preview_in_body(found: Body) -> PreviewSpec:
    """What is to be previewed; pydantic's ValidationError where the object is not legal."""
    return PreviewSpec.model_validate(found.document)


def body_of(schema: str, examples: dict[str, Any]) -> dict[str, Any]:
    """What the OpenAPI document says of a body that is parsed here."""
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": examples}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


ServicesDep = Annotated[Services, Depends(services)]
StreamAccessDep = Annotated[StreamAccess, Depends(stream_access)]
SpecBody = Annotated[SpecInBody, Depends(spec_in_body)]
PreviewBody = Annotated[PreviewSpec, Depends(preview_in_body)]

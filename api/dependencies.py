"""Dependencies of routes: the services, and parsed request bodies."""

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
    """The objects that the composition root has built."""

    database: Database
    notifier: WorkerNotifier
    settings: Settings
    change_feed: ChangeFeed
    policy: Policy
    failures: Failures
    judging: asyncio.Semaphore  # uploads are validated one at a time: each uses a core

    @property
    def store(self) -> ArtifactStore:
        """Stored files."""
        return ArtifactStore(self.settings.artifacts_dir)


async def services(request: Request) -> Services:
    """The services of this app, with a database that shows only what the caller may see."""
    found: Services = request.app.state.services
    caller: Caller | None = request.scope.get("clr_caller")  # None on public paths, which read no jobs
    return replace(found, database=found.database.seen_by(caller.row_filter(found.settings) if caller else NOBODY))


async def stream_access(request: Request) -> StreamAccess:
    """The check whether the caller may still read an open stream."""
    found: Services = request.app.state.services
    return StreamAccess(request.scope["clr_caller"], found.database, found.settings)


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The JSON object in a body, and the body's bytes."""

    document: dict[str, Any]
    body: bytes


async def json_object(request: Request) -> JsonObject:
    """Parse the body.

    Raises:
        BadBodyError: The body is not a JSON object.
        ValidationError: A string in it contains U+0000.
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
    """A valid spec, and the body's bytes."""

    spec: AnySpec
    body: bytes


def spec_in_body(found: Body) -> SpecInBody:
    """Parse a job spec; raises pydantic's ValidationError if it is invalid."""
    return SpecInBody(job_spec.validate_python(found.document), found.body)


def preview_in_body(found: Body) -> PreviewSpec:
    """Parse a preview request; raises pydantic's ValidationError if it is invalid."""
    return PreviewSpec.model_validate(found.document)


def body_of(schema: str, examples: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI description of a body that is parsed here."""
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": examples}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


ServicesDep = Annotated[Services, Depends(services)]
StreamAccessDep = Annotated[StreamAccess, Depends(stream_access)]
SpecBody = Annotated[SpecInBody, Depends(spec_in_body)]
PreviewBody = Annotated[PreviewSpec, Depends(preview_in_body)]

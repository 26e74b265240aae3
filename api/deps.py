"""What routes are given: the parts of the service, and the spec in a body."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from pydantic_core import from_json

from api.problems import BadBodyError
from jobs.db import Database
from jobs.queue import Doorbell
from jobs.settings import Settings
from jobs.spec import LrFindSpec, TrainSpec, job_spec


@dataclass(frozen=True, slots=True)
class Services:
    """What the composition root has built."""

    database: Database
    doorbell: Doorbell
    settings: Settings


def services(request: Request) -> Services:
    """The parts that this app was built from."""
    found: Services = request.app.state.services
    return found


@dataclass(frozen=True, slots=True)
class SpecInBody:
    """A valid spec, and the bytes that it came in."""

    spec: LrFindSpec | TrainSpec
    body: bytes


async def spec_in_body(request: Request) -> SpecInBody:
    """Parse the body.

    Raises:
        BadBodyError: It is no JSON object.
        ValidationError: The object is not a legal spec.
    """
    body = await request.body()
    try:
        document = from_json(body)
    except ValueError as error:
        raise BadBodyError(f"the body must be a JSON object: {error}" if body else "the body is empty") from error
    if not isinstance(document, dict):
        raise BadBodyError(f"the body must be a JSON object, not {type(document).__name__}")
    request.state.body = document
    return SpecInBody(job_spec.validate_python(document), body)


Parts = Annotated[Services, Depends(services)]
SpecBody = Annotated[SpecInBody, Depends(spec_in_body)]

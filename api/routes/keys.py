"""API keys, for admins: create, list, revoke."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import Field

from api.dependencies import Body, ServicesDep, body_of
from api.schemas.base import Document
from api.schemas.problems import problems
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.tables.service import ApiKey
from jobs.errors import KeyNotFoundError
from jobs.spec.base import Strict, Text

router = APIRouter(prefix="/v1/keys", tags=["keys"])

YEAR_S = 366 * 86_400.0
_Name = Annotated[Text, Field(min_length=1, max_length=100)]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class KeySpec(Strict):
    """A key to create. Its jobs belong to ``owner``, which defaults to ``name``."""

    name: _Name
    scope: Literal["read", "submit", "admin"] = "submit"
    owner: _Name | None = None
    expires_in_s: Annotated[float, Field(ge=1, le=10 * YEAR_S)] | None = None


class KeyDocument(Document):
    """Metadata of a key, without the key itself."""

    object: Literal["key"] = "key"
    id: str
    name: str
    owner: str
    scope: Scope
    created_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, row: ApiKey) -> Self:
        """Build the document from its row."""
        return cls(
            id=row.id, name=row.name, owner=row.owner, scope=Scope(row.scope), created_at=_moment(row.created_at),
            expires_at=_moment(row.expires_at), revoked_at=_moment(row.revoked_at),
            last_used_at=_moment(row.last_used_at),
        )  # fmt: skip


class NewKeyDocument(KeyDocument):
    """A new key: ``key`` is shown only once."""

    key: str


class KeyList(Document):
    """All keys, including expired and revoked ones."""

    object: Literal["list"] = "list"
    data: list[KeyDocument]


def key_in_body(found: Body) -> KeySpec:
    """Parse a key request; raises pydantic's ValidationError if it is invalid."""
    return KeySpec.model_validate(found.document)


_EXAMPLE = {"user": {"summary": "A key for one user", "value": {"name": "ada", "scope": "submit"}}}


@router.post("", status_code=201, openapi_extra=body_of("KeySpec", _EXAMPLE), responses=problems(400, 413, 422))
def create_key(services: ServicesDep, asked: Annotated[KeySpec, Depends(key_in_body)]) -> NewKeyDocument:
    """Create a key. Only this response ever contains it."""
    made = api_keys.create(
        services.database, name=asked.name, scope=Scope(asked.scope), owner=asked.owner, expires_in_s=asked.expires_in_s
    )
    return NewKeyDocument(key=made.secret, **KeyDocument.of(made.row).model_dump())


@router.get("")
def list_keys(services: ServicesDep) -> KeyList:
    """List all keys, oldest first."""
    with services.database.read() as session:
        return KeyList(data=[KeyDocument.of(row) for row in api_keys.all_keys(session)])


@router.delete("/{key_id}", responses=problems(KeyNotFoundError))
def revoke_key(services: ServicesDep, key_id: str) -> KeyDocument:
    """Revoke a key and the sessions created with it. Repeating the request is harmless."""
    return KeyDocument.of(api_keys.revoke(services.database, key_id))

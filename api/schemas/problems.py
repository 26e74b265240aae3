"""Errors as RFC 9457 problem documents, and their OpenAPI descriptions."""

from typing import Any

from api.http.status_codes import STATUS_OF
from api.schemas.base import Document
from jobs.errors import JobsError

Meanings = dict[str, str]  # meaning of each problem code

OF_REQUESTS: dict[int, Meanings] = {
    400: {"bad_body": "The body is not a JSON object.", "bad_request": "The request could not be read."},
    413: {"body_too_large": "The body is larger than the limit."},
    422: {
        "invalid_request": "A parameter or a header is invalid.", "invalid_spec": "A field of the body is invalid.",
    },
}  # fmt: skip


class Problem(Document):
    """An error as an RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str | None
    errors: list[dict[str, str]] | None = None


def problems(*which: int | type[JobsError]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of an operation's errors.

    Args:
        which: Errors of the service, and HTTP statuses for errors of the request itself.
    """
    found: dict[int, Meanings] = {}
    for each in which:
        if isinstance(each, int):
            found.setdefault(each, {}).update(OF_REQUESTS[each])
        else:
            meaning = (each.__doc__ or "").strip().splitlines()[0]
            found.setdefault(STATUS_OF[each], {})[each.code] = meaning
    return {status: answer(status, meanings) for status, meanings in found.items()}


def answer(status: int, meanings: Meanings) -> dict[str, Any]:
    """The response of an operation with one status and these problem codes, each with an example."""
    examples = {
        code: {"summary": meaning, "value": _example(status, code, meaning)} for code, meaning in meanings.items()
    }
    return {
        "description": "\n".join(f"- `{code}`: {meaning}" for code, meaning in meanings.items()),
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
        },
    }


def meanings_in(response: dict[str, Any]) -> Meanings:
    """The codes and meanings of a response made by `answer`; empty for other responses."""
    examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    return {code: example["summary"] for code, example in examples.items()}


def _example(status: int, code: str, meaning: str) -> dict[str, Any]:
    return Problem(
        type=f"/problems/{code.replace('_', '-')}", title=code.replace("_", " ").capitalize(), status=status,
        detail=meaning, instance="/v1/jobs", code=code, request_id="1978b8ac6c7cc53f",
    ).model_dump(exclude_none=True)  # fmt: skip

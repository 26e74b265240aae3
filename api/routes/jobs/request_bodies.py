"""Optional bodies of requests on existing jobs: an empty body means ``{}``."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Request

from api.dependencies import JsonObject, json_object
from jobs.spec.base import Strict


class CancelRequest(Strict):
    """How a running job is cancelled: ``kill`` ends its ranks without a checkpoint."""

    mode: Literal["checkpoint", "kill"] = "checkpoint"


async def optional_object(request: Request) -> JsonObject:
    """The JSON object in a body; empty if there is no body."""
    return await json_object(request) if await request.body() else JsonObject({}, b"")


OptionalBody = Annotated[JsonObject, Depends(optional_object)]


def cancel_request(found: OptionalBody) -> CancelRequest:
    """Parse a cancel request; raises pydantic's ValidationError if it is invalid."""
    return CancelRequest.model_validate(found.document)


CancelBody = Annotated[CancelRequest, Depends(cancel_request)]

CANCEL_BODY: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "schema": CancelRequest.model_json_schema(),
                "examples": {"kill": {"summary": "End the ranks at once", "value": {"mode": "kill"}}},
            }
        },
    }
}
CLONE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "description": "A JSON merge patch (RFC 7396) on the spec: null removes a field.",
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "examples": {
                    "same": {"summary": "An unchanged copy", "value": {}},
                    "seed": {"summary": "With another seed and name", "value": {"seed": 1, "name": "second seed"}},
                    "decay": {
                        "summary": "With another weight decay",
                        "value": {"conditions": {"optimizer": {"weight_decay": 1e-4}}},
                    },
                },
            }
        },
    }
}

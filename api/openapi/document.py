"""Completes FastAPI's OpenAPI document with bodies parsed by `api.dependencies`, keys, examples and problems."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api.access.middleware import PUBLIC, READING_POSTS, scope_of
from api.openapi.examples import ANSWERS, PARAMETERS
from api.schemas.problems import Meanings, Problem, answer, meanings_in

_METHODS = ("get", "post", "put", "patch", "delete")
_EVERYWHERE: dict[int, Meanings] = {
    400: {"bad_request": "The request could not be read."},
    403: {
        "unknown_host": "Without keys the server serves its loopback address only.",
        "cross_origin": "The request comes from another site's page.",
    },
    422: {"invalid_request": "A parameter or a header is invalid."},
    500: {"internal_error": "Internal server error; find the request id in the server's log."},
}
_WITH_A_KEY: dict[int, Meanings] = {
    401: {
        "key_required": "This server requires a key.",
        "invalid_key": "The key is unknown, expired or revoked.",
        "session_ended": "The session has ended; log in again.",
    },
    403: {
        "scope_missing": "The key's scope does not permit the request.",
        "csrf_token_missing": "A session must send X-CSRF-Token.",
    },
    429: {
        "too_many_requests": "Too many requests; see Retry-After.",
        "too_many_at_once": "This key has too many expensive requests, uploads or streams in progress.",
    },
    503: {"database_unavailable": "The database does not answer; try again."},
}
_WRITING: dict[int, Meanings] = {
    503: {"storage_read_only": "The database is read-only: nothing was stored."},
    507: {"storage_full": "The database has no room left: nothing was stored."},
}
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "clr_session", "description": "Created by POST /v1/session"},
}


def complete(app: FastAPI, specs: dict[str, TypeAdapter[Any]]) -> None:
    """Make the app produce the completed OpenAPI document.

    Args:
        app: The app, with all routes.
        specs: Bodies by the names that operations refer to.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate(), {**specs, "Problem": TypeAdapter(Problem)})
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any], specs: dict[str, TypeAdapter[Any]]) -> dict[str, Any]:
    components = document["components"]
    schemas = components["schemas"]
    for name, adapter in specs.items():
        spec = adapter.json_schema(ref_template="#/components/schemas/{model}")
        schemas |= spec.pop("$defs", {})
        schemas[name] = spec
    components["securitySchemes"] = _SCHEMES
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                _describe(path, method.upper(), item[method])
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own; ours are problems
        schemas.pop(unused, None)
    return document


def _describe(path: str, method: str, operation: dict[str, Any]) -> None:
    _list_problems(path, method, operation["responses"])
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]
    for response in operation["responses"].values():
        _show(response.get("content", {}))
    if (method, path) not in PUBLIC:
        operation["security"] = [{"key": []}, {"session": []}]
        operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope_of(method, path)}`.".strip()


def _list_problems(path: str, method: str, responses: dict[str, Any]) -> None:
    tables = [_EVERYWHERE]
    tables += [_WITH_A_KEY] if (method, path) not in PUBLIC or path.startswith("/v1/") else []
    tables += [_WRITING] if method != "GET" and path not in READING_POSTS else []
    for status, meanings in (each for table in tables for each in table.items()):
        there = responses.get(str(status), {})
        known = meanings_in(there)
        is_fastapis = status == 422  # noqa: PLR2004 - HTTP
        if known or is_fastapis or "application/json" not in there.get("content", {}):
            responses[str(status)] = answer(status, known | meanings)


def _show(content: dict[str, Any]) -> None:
    """Add the example of the response's schema."""
    for media in content.values():
        name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if name in ANSWERS and "examples" not in media:
            media["example"] = ANSWERS[name]

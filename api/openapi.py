"""What FastAPI's OpenAPI document lacks: bodies that `api.deps` parses, keys, and the problems of every operation."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api.access.gate import PUBLIC, scope_of

_METHODS = ("get", "post", "put", "patch", "delete")
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_EVERYWHERE = {
    "400": "The request could not be read",
    "401": "No key, or not a good one",
    "403": "The key's scope is too small, or the request comes from another site's page",
    "422": "A parameter, a header or the body is not legal",
    "429": "Too many requests or jobs; Retry-After says when to ask again",
    "503": "The database does not answer",
}
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "clr_session", "description": "Begun by POST /v1/session"},
}


def complete(app: FastAPI, specs: dict[str, TypeAdapter[Any]]) -> None:
    """Have the app's OpenAPI document say all of it.

    Args:
        app: The app, with all routes.
        specs: Bodies by the names that operations refer to.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate(), specs)
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
    return document


def _describe(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status, meaning in _EVERYWHERE.items():
        if status not in responses or ("application/json" in responses[status].get("content", {}) and status == "422"):
            responses[status] = {"description": meaning, "content": _PROBLEM}
    if (method, path) not in PUBLIC:
        operation["security"] = [{"key": []}, {"session": []}]
        operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope_of(method, path)}`.".strip()

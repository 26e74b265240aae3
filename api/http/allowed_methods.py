"""Which methods a path has: the router itself knows only the first of several routes with the same path."""

import re

from fastapi import FastAPI


def allowed_methods(app: FastAPI, path: str) -> dict[str, str]:
    """The ``Allow`` header of a path, from the OpenAPI document; empty for a path that does not stand in it."""
    methods: set[str] = set()
    for template, item in app.openapi()["paths"].items():
        if _pattern(template).fullmatch(path):
            methods |= {method.upper() for method in item}
    return {"allow": ", ".join(sorted(methods))} if methods else {}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", template)))

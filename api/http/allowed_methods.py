"""Finds the methods of a path; the router only reports those of its first matching route."""

import re

from fastapi import FastAPI


def allowed_methods(app: FastAPI, path: str) -> dict[str, str]:
    """The ``Allow`` header of a path, from the OpenAPI document; empty if the path is not in it."""
    methods: set[str] = set()
    for template, item in app.openapi()["paths"].items():
        if _pattern(template).fullmatch(path):
            methods |= {method.upper() for method in item}
    return {"allow": ", ".join(sorted(methods))} if methods else {}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", template)))

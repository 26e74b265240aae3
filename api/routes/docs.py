"""``/docs``: Swagger UI, served from here because a strict CSP and offline machines rule out a CDN."""

from importlib.resources import files

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>clr-service</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null});\n'
_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


@router.get("/docs")
def show_docs() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE)


@router.get("/docs/{name}")
def show_file(name: str) -> Response:
    """A file of the page by its exact name."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _FILES:
        raise HTTPException(404, "Not Found")
    content = files("fastapi_swagger").joinpath("resources", name).read_bytes()
    return Response(content, media_type=_FILES[name], headers={"Cache-Control": "public, max-age=86400"})

"""Routes of the pages and their assets."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from api.dashboard.assets import asset, digest

_KEEP = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
_templates = Environment(
    loader=PackageLoader("api.dashboard"), autoescape=select_autoescape(default=True), undefined=StrictUndefined
)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def jobs_page() -> HTMLResponse:
    """All jobs."""
    return _page("jobs", "Jobs")


@router.get("/new")
def new_job_page() -> HTMLResponse:
    """A form for a new job; its script reads the initial values from the URL."""
    return _page("new", "New job", draws=True)


@router.get("/workers")
def workers_page() -> HTMLResponse:
    """Workers and their slots."""
    return _page("workers", "Workers")


@router.get("/keys")
def keys_page() -> HTMLResponse:
    """API keys, for admins."""
    return _page("keys", "Keys")


@router.get("/login")
def login_page() -> HTMLResponse:
    """Log-in with a key."""
    return _page("login", "Log in")


@router.get("/jobs/{_job_id}")
def job_page(_job_id: str) -> HTMLResponse:
    """One job; its script reads the id from the URL."""
    return _page("job", "Job", draws=True)


@router.get("/compare")
def compare_page() -> HTMLResponse:
    """Several trainings side by side; its script reads their ids from the URL."""
    return _page("compare", "Compare", draws=True)


@router.get("/assets/{version}/{name:path}")
def show_asset(version: str, name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """An asset of the pages, compressed if the browser accepts that."""
    found = asset(name) if version == digest() else None
    if found is None:
        raise HTTPException(404, "no such asset; reload the page")
    if "gzip" in accept_encoding:
        return Response(found.packed, media_type=found.media_type, headers=_KEEP | {"Content-Encoding": "gzip"})
    return Response(found.plain, media_type=found.media_type, headers=_KEEP)


def wants_page(request: Request) -> bool:
    """Whether the request is a browser's page load rather than an API call."""
    in_api = request.url.path == "/v1" or request.url.path.startswith("/v1/")
    return request.method == "GET" and not in_api and "text/html" in request.headers.get("accept", "")


def not_found_page() -> HTMLResponse:
    """The page for unknown URLs."""
    return _page("not_found", "Not found", status=404)


def _page(name: str, title: str, *, draws: bool = False, status: int = 200) -> HTMLResponse:
    """A page; if ``draws``, it loads Plotly."""
    template = _templates.get_template(f"{name}.html")
    text = template.render(page=name, title=title, draws=draws, assets=f"/assets/{digest()}")
    return HTMLResponse(text, status)

"""Plots of jobs as SVG, PNG and Plotly JSON."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from api.dependencies import Services, ServicesDep
from api.plots import plotly_json
from api.plots.figure import Figure
from api.plots.job_figure import figure_of
from api.plots.themes import THEMES, ThemeName
from api.schemas.problems import problems
from jobs.database import queries
from jobs.errors import JobNotFoundError, NoPlotError
from jobs.status import Status

router = APIRouter(prefix="/v1/jobs", tags=["plots"])

TERMINAL_MAX_AGE_S = 3600


@dataclass(frozen=True, slots=True)
class PlotOptions:
    """Appearance of a plot, and the entity tag of the caller's copy."""

    theme: ThemeName
    width: int
    height: int
    if_none_match: str


def plot_options(
    theme: ThemeName = "light",
    width: Annotated[int, Query(ge=320, le=2400, description="pixels")] = 960,
    height: Annotated[int, Query(ge=240, le=1800, description="pixels")] = 600,
    if_none_match: Annotated[str, Header()] = "",
) -> PlotOptions:
    """Parse the options of a plot from query and headers."""
    return PlotOptions(theme, width, height, if_none_match)


Asked = Annotated[PlotOptions, Depends(plot_options)]


_EXAMPLES: dict[str, dict[str, Any]] = {
    "image/svg+xml": {"schema": {"type": "string"}, "example": '<svg xmlns="http://www.w3.org/2000/svg">…</svg>'},
    "image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}},
    "application/json": {
        "schema": {"type": "object"},
        "example": {"data": [{"type": "scatter", "x": [0, 1], "y": [2.3, 2.1]}], "layout": {"title": {"text": "…"}}},
    },
}


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    content: dict[str, Any] = {media_type: _EXAMPLES.get(media_type, {"schema": {"type": "string"}})}
    return {
        200: {"content": content, "description": "The picture"},
        304: {"description": "Not modified: the ETag in If-None-Match is current"},
        **problems(422, JobNotFoundError, NoPlotError),
    }


@router.get("/{job_id}/plot.svg", response_class=Response, responses=_answers("image/svg+xml"))
def plot_svg(services: ServicesDep, job_id: str, asked: Asked) -> Response:
    """Plot the current state of a job; 409 for kinds of jobs without a plot."""
    return _file(services, job_id, asked, "svg", "image/svg+xml")


@router.get("/{job_id}/plot.png", response_class=Response, responses=_answers("image/png"))
def plot_png(services: ServicesDep, job_id: str, asked: Asked) -> Response:
    """The same plot as PNG."""
    return _file(services, job_id, asked, "png", "image/png")


@router.get("/{job_id}/plot.json", response_class=JSONResponse, responses=_answers("application/json"))
def plot_json(services: ServicesDep, job_id: str, asked: Asked) -> Response:
    """The same plot for ``Plotly.newPlot``: ``data`` and ``layout``, with SVG traces only."""
    figure, headers = _figure(services, job_id, asked, "json")
    if _is_known(asked, headers):
        return Response(status_code=304, headers=headers)
    return JSONResponse(plotly_json.render(figure, THEMES[asked.theme], asked.width, asked.height), headers=headers)


def _file(
    services: Services, job_id: str, asked: PlotOptions, file_format: Literal["svg", "png"], media_type: str
) -> Response:
    figure, headers = _figure(services, job_id, asked, file_format)
    if _is_known(asked, headers):
        return Response(status_code=304, headers=headers)
    from api.plots.matplotlib.render import render  # noqa: PLC0415 - matplotlib is heavy, and most processes draw nothing

    body = render(figure, THEMES[asked.theme], asked.width, asked.height, file_format)
    return Response(body, media_type=media_type, headers=headers)


def _figure(services: Services, job_id: str, asked: PlotOptions, file_format: str) -> tuple[Figure, dict[str, str]]:
    """The figure and the response headers. The entity tag is a hash of the figure, so it needs no rendering."""
    with services.database.read() as session:
        job = queries.get_job(session, job_id)
        figure = figure_of(session, job)
        is_terminal = Status(job.status).is_terminal
    drawn = (figure, asked.theme, asked.width, asked.height, file_format, version("matplotlib"), version("clr-service"))
    tag = hashlib.sha256(repr(drawn).encode()).hexdigest()[:32]
    caching = f"private, max-age={TERMINAL_MAX_AGE_S}" if is_terminal else "private, no-cache"
    return figure, {"ETag": f'"{tag}"', "Cache-Control": caching}


def _is_known(asked: PlotOptions, headers: dict[str, str]) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in asked.if_none_match.split(",")]
    return "*" in known or headers["ETag"] in known

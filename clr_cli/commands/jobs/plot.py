"""Pictures of jobs as files: ``clr plot``, and the ``--out`` of ``clr bounds``. The server draws them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clr_cli.input import options as o
from clr_cli.output.terminal import reporting, show_json, tell
from clr_client.errors import UsageError
from clr_client.transport.addresses import DEFAULT_URL

if TYPE_CHECKING:
    from clr_client.client import Client

SUFFIXES = (".svg", ".png", ".json")

Out = Annotated[Path, typer.Option(help="The file: .svg, .png, or .json for Plotly.", show_default=False)]
Theme = Annotated[Literal["light", "dark"], typer.Option(help="Colours.")]
Width = Annotated[int | None, typer.Option(help="In pixels (default: 960)", show_default=False)]
Height = Annotated[int | None, typer.Option(help="In pixels (default: 600)", show_default=False)]


@reporting
def plot(  # noqa: PLR0913 - options of a command
    job: o.JobId,
    *,
    out: Out,
    theme: Theme = "light",
    width: Width = None,
    height: Height = None,
    url: o.Url = DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Write the picture of a job: its range test, its training, or its sweep, as far as it has come."""
    check_suffix(out)
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        picture = client.plot(job, out.suffix[1:], theme=theme, width=width, height=height)
    write(picture, out)
    tell(f"Wrote {out}")
    if as_json:
        show_json({"object": "file", "path": str(out), "size_bytes": len(picture)})


def check_suffix(out: Path) -> None:
    """Refuse a file whose suffix is no picture format.

    Raises:
        UsageError: Its suffix is none of `SUFFIXES`.
    """
    if out.suffix not in SUFFIXES:
        raise UsageError(f"--out must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, got {out}")


def fetch(client: "Client", job_id: str, out: Path) -> None:
    """Write the picture of a job to ``out``, in the format of its suffix."""
    write(client.plot(job_id, out.suffix[1:]), out)


def write(picture: bytes, out: Path) -> None:
    """Write a file, and create its folder if necessary.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(picture)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}") from error

"""The options that several commands have, each defined once. Flags for fields of a spec are in `flags`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from clr_cli.input import completion

Url = Annotated[str, typer.Option("--url", envvar="CLR_URL", help="Address of the server.")]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        help="API key, if the server needs one. Prefer CLR_API_KEY: other users can see command lines.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
JobId = Annotated[
    str, typer.Argument(metavar="JOB", help="Id of a job.", show_default=False, autocompletion=completion.job_ids)
]
JobIds = Annotated[
    list[str],
    typer.Argument(metavar="JOB…", help="Ids of jobs.", show_default=False, autocompletion=completion.job_ids),
]
Watch = Annotated[
    bool | None,
    typer.Option(
        "--watch/--no-watch",
        help="Watch the job to its end, or print its id (default: watch in a terminal)",
        show_default=False,
    ),
]
SpecFile = Annotated[
    Path | None,
    typer.Option(
        "--spec", metavar="FILE", help="The spec in this file (.json, .yaml), in place of flags.", show_default=False
    ),
]


def set_option(completion: Callable[[str], list[tuple[str, str]]] | None = None) -> Any:
    """Return the option ``--set``, with completion of paths if the kind of the job is known."""
    return typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Any field of the spec, such as conditions.precision=bf16; null removes it. Repeatable.",
        show_default=False,
        autocompletion=completion,
    )


Changes = Annotated[list[str] | None, set_option()]

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 for a free one.")]
DataDir = Annotated[Path, typer.Option("--data-dir", envvar="CLR_DATA_DIR", help="Folder for all data.")]
Slots = Annotated[
    int | None,
    typer.Option(min=1, help="Slots of the worker (default: one per CUDA device, else 2)", show_default=False),
]

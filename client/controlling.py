"""The commands that change jobs which exist: ``clr resume``, ``clone`` and ``delete``."""

from typing import Annotated, Any

import typer

from client import options as o
from client.errors import UsageError
from client.specs import fields_of
from client.terminal import reporting, show, show_json, tell
from client.words import standing

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", show_default=False,
        help="A field that differs, such as conditions.optimizer.weight_decay=1e-4; null removes; may be given often.",
    ),
]  # fmt: skip


@reporting
def resume(job: o.JobId, url: o.Url = o.DEFAULT_URL, as_json: o.Json = False) -> None:
    """Continue a failed or cancelled job from its last checkpoint."""
    from client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.resume(job)
    if as_json:
        show_json(document)
    else:
        show(f"{document['id']} {standing(document)}")


@reporting
def clone(
    job: o.JobId, settings: Settings = None, url: o.Url = o.DEFAULT_URL, as_json: o.Json = False
) -> None:  # fmt: skip
    """Submit the spec of a job once more, as a new job, with changes."""
    from client.client import Client  # noqa: PLC0415 - heavy

    patch = patch_of(settings or ())
    with Client(url) as client:
        document = client.clone(job, patch)
    if as_json:
        show_json(document)
    else:
        show(document["id"])


@reporting
def delete(jobs: Annotated[list[str], typer.Argument(metavar="JOB…")], url: o.Url = o.DEFAULT_URL) -> None:
    """Remove jobs that have ended, with their curves and files."""
    from client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        for job in jobs:
            client.delete(job)
            tell(f"Deleted {job}")


def patch_of(settings: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """``path=value`` pairs as a JSON merge patch; a path has dots between its fields.

    Raises:
        UsageError: If one is not of that form, or two contradict each other.
    """
    patch: dict[str, Any] = {}
    for path, value in fields_of(settings).items():
        *above, last = path.split(".")
        place = patch
        for name in above:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise UsageError(f"--set {path}: {name} is given a value of its own too.")
        if not all((*above, last)) or last in place:
            raise UsageError(f"--set {path}: a field has no name, or is given twice.")
        place[last] = value
    return patch

"""The commands that change existing jobs: ``clr resume``, ``clone`` and ``delete``."""

from clr_cli.input import options as o
from clr_cli.input.settings import patch_of
from clr_cli.output.terminal import reporting, show, show_json, tell
from clr_client.display.formatting import status_text
from clr_client.transport.addresses import DEFAULT_URL


@reporting
def resume(job: o.JobId, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Continue a failed or cancelled job from its last checkpoint."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        document = client.resume(job)
    if as_json:
        show_json(document)
    else:
        show(f"{document['id']} {status_text(document)}")


@reporting
def clone(
    job: o.JobId, settings: o.Changes = None, url: o.Url = DEFAULT_URL, as_json: o.Json = False
) -> None:  # fmt: skip
    """Submit the spec of a job once more, as a new job, with changes."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    patch = patch_of(settings or ())
    with Client(url) as client:
        document = client.clone(job, patch)
    if as_json:
        show_json(document)
    else:
        show(document["id"])


@reporting
def delete(jobs: o.JobIds, url: o.Url = DEFAULT_URL, as_json: o.Json = False) -> None:
    """Remove jobs that have ended, with their curves and files."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        for job in jobs:
            client.delete(job)
            tell(f"Deleted {job}")
    if as_json:
        show_json({"object": "deleted", "ids": jobs})

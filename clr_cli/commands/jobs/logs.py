"""The command that shows the output of a job's processes: ``clr logs``."""

import json
from typing import Annotated

import typer

from clr_cli.input import options as o
from clr_cli.output.terminal import reporting, show, show_json, tell
from clr_client.display.formatting import Document
from clr_client.transport.addresses import DEFAULT_URL

PAGE = 10_000

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Follow the log until the job has ended.")]
Tail = Annotated[int | None, typer.Option(min=0, help="Number of lines to show, from the end.", show_default=False)]
Attempt = Annotated[int | None, typer.Option(min=1, help="Only this attempt.", show_default=False)]


@reporting
def logs(
    job: o.JobId,
    follow: Follow = False,
    tail: Tail = None,
    attempt: Attempt = None,
    url: o.Url = DEFAULT_URL,
    as_json: o.Json = False,
) -> None:
    """Show the output of a job's ranks; with -f --json, one JSON object per line."""
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    with Client(url) as client:
        if follow:
            for line in client.follow_logs(job, tail, attempt):
                show(json.dumps(line, ensure_ascii=False) if as_json else _text(line))
            return
        page = client.logs(job, tail=tail, attempt=attempt, limit=PAGE)
    if as_json:
        show_json(page)
        return
    if page["dropped"]:
        tell(f"{page['dropped']} earlier lines are not kept.")
    for line in page["data"]:
        show(_text(line))


def _text(line: Document) -> str:
    return f"{(line['at'] or '-')[:19]} {line['source']} {line['stream']}: {line['text']}"

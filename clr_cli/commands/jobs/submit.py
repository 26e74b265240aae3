"""The commands that submit a job from flags: ``clr lr-find``, ``clr sweep``, ``clr train`` and ``clr compare``."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from clr_cli.input import options as o
from clr_cli.input.flag_options import with_flags
from clr_cli.input.flags import FLAGS
from clr_cli.input.settings import Spec, with_settings
from clr_cli.input.spec_files import spec_from_file
from clr_cli.input.spec_from_flags import spec_of
from clr_cli.output.terminal import reporting, show, show_json
from clr_client.errors import UsageError
from clr_client.transport.addresses import DEFAULT_URL


def _submitter(kind: str, words: str) -> Callable[..., None]:
    """Return the command for a kind of job."""

    def command(
        *,
        settings: o.Changes = None,
        spec: o.SpecFile = None,
        watch: o.Watch = None,
        url: o.Url = DEFAULT_URL,
        as_json: o.Json = False,
        **flags: Any,
    ) -> None:
        if spec is None:
            document = spec_of(kind, flags, settings or ())
        else:
            _refuse_beside_file(kind, flags)
            document = with_settings(spec_from_file(spec), settings or ())
        submit(url, document, watch, as_json)

    command.__doc__ = words
    return reporting(with_flags(kind, command))


lr_find = _submitter("lr_find", "Run LR range tests under the conditions of a training to come, and find LR bounds.")
sweep = _submitter("sweep", "Run the same LR range test over a grid of conditions, and compare the bounds.")
train = _submitter("train", "Train with a cyclical LR: from the bounds of a range test, a peak of your own, or auto.")
compare = _submitter("compare", "Train with several schedules under equal conditions and seeds, and compare them.")


def _refuse_beside_file(kind: str, typed: Mapping[str, Any]) -> None:
    """Refuse flags that set fields of the file."""
    names = [flag.name for flag in FLAGS[kind] if typed[flag.parameter] is not None]
    if names:
        raise UsageError(f"{', '.join(names)}: --spec takes the fields of the file; leave this out, or use --set.")


def submit(url: str, spec: Spec, watch: bool | None, as_json: bool) -> None:
    """Submit a job, then watch it or print its id."""
    from clr_cli.output.follow_job import follow  # noqa: PLC0415 - heavy
    from clr_client.client import Client  # noqa: PLC0415 - heavy

    wants_watch = watch if watch is not None else sys.stdout.isatty() and not as_json
    with Client(url) as client:
        job = client.submit(spec)
        if wants_watch:
            follow(client, job["id"], url, as_json=as_json)
        elif as_json:
            show_json(job)
        else:
            show(job["id"])

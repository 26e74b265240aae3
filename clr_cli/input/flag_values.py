"""Parsers of flags with their own syntax: each returns fields of a spec, by path."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clr_cli.input.settings import Spec, fields_of
from clr_client.errors import UsageError

Fields = Mapping[str, Any]
OF_AN_ARM = ("steps", "epochs", "global_batch_size", "world_size")  # all other fields belong to its schedule


def dataset(name: str) -> Fields:
    """Parse a dataset: its name, the id of an upload, or a file on the server."""
    if name.startswith("ds_"):
        return {"conditions.dataset.name": "uploaded", "conditions.dataset.options.id": name}
    if name.endswith(".npz"):
        return {"conditions.dataset.name": "npz", "conditions.dataset.options.path": name}
    return {"conditions.dataset.name": name}


def peak(text: str) -> Fields:
    """Parse the highest rate of a schedule: a number or ``auto``.

    Raises:
        UsageError: If it is neither.
    """
    if text == "auto":
        return {"schedule.max_lr": text}
    try:
        return {"schedule.max_lr": float(text)}
    except ValueError:
        raise UsageError(f"--max-lr must be a number or auto, not {text!r}.") from None


def from_job(job_id: str) -> Fields:
    """Return the highest rate of a schedule as the bounds of a job."""
    return {"schedule.max_lr": {"from_job": job_id}}


def over(grid: Sequence[str]) -> Fields:
    """Parse the conditions that vary: ``path=value,value,…`` for each.

    Raises:
        UsageError: If one is not of that form, or a path is given twice.
    """
    values: Spec = {}
    for each in grid:
        path, sign, text = each.partition("=")
        if not (path and sign and text):
            raise UsageError(f"--over must be path=value,value, not {each!r}.")
        if path in values:
            raise UsageError(f"--over {path} is given twice; put all its values into one.")
        values[path] = [_number_or_text(part) for part in text.split(",")]
    return {"over": values}


def _number_or_text(text: str) -> int | float | str:
    """Return a finite number if the text is one, else the text."""
    for read in (int, float):
        try:
            value = read(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return text


def arms(texts: Sequence[str]) -> Fields:
    """Parse the arms of a comparison: ``NAME=SCHEDULE field=value field=value`` for each.

    Raises:
        UsageError: If one is not of that form.
    """
    return {"arms": [_arm(text) for text in texts]}


def _arm(text: str) -> Spec:
    name, _, rest = text.partition("=")
    schedule, *settings = rest.split() or [""]
    if not name or not schedule.isidentifier():
        raise UsageError(f'--arm must be "NAME=SCHEDULE field=value …", not {text!r}.')
    fields = fields_of(settings)
    own = {field: fields.pop(field) for field in OF_AN_ARM if field in fields}
    return {"name": name, "schedule": {"name": schedule, **fields}, **own}


def seeds(text: str) -> Fields:
    """Parse comma-separated seeds.

    Raises:
        UsageError: If one is not a whole number.
    """
    try:
        return {"seeds": [int(part) for part in text.split(",")]}
    except ValueError:
        raise UsageError(f"--seeds must be whole numbers, such as 0,1,2, not {text!r}.") from None


def target(text: str) -> Fields:
    """Parse a target: a number, or the name of an arm."""
    try:
        return {"target.value": float(text)}
    except ValueError:
        return {"target.final_of": text}

"""The grid of a sweep: the conditions that may vary, and the conditions of every cell."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from jobs.spec.conditions import Conditions

MAX_CELLS = 64

Path = Literal[
    "optimizer.weight_decay", "optimizer.momentum", "global_batch_size", "world_size", "precision", "label_smoothing"
]
# The values are validated as conditions of their cell, so they need no types here.
Over = Annotated[
    dict[Path, Annotated[list[Any], Field(min_length=1, max_length=MAX_CELLS)]], Field(min_length=1, max_length=4)
]
Settings = dict[str, Any]


def settings_of(over: Mapping[Any, list[Any]]) -> Iterator[Settings]:
    """Return every combination of the values; the last key varies fastest."""
    for values in product(*over.values()):
        yield dict(zip(over, values, strict=True))


def conditions_of(base: Conditions, settings: Settings) -> Conditions:
    """Return the base conditions with the settings of a cell.

    ``optimizer.momentum`` is the first beta where the optimizer is Adam or AdamW: the one that cycles.

    Raises:
        ValidationError: The conditions are invalid.
    """
    document = base.model_dump()
    for path, value in settings.items():
        *parents, field = path.split(".")
        place = document[parents[0]] if parents else document
        if path == "optimizer.momentum" and "betas" in place:
            place["betas"] = [value, place["betas"][1]]
        else:
            place[field] = value
    return Conditions.model_validate(document)


def check(base: Conditions, over: Mapping[Any, list[Any]]) -> None:
    """Refuse a grid that has a duplicate value, too many cells, or a cell with invalid conditions.

    Raises:
        PydanticCustomError: ``pointer`` in its context names the value at fault.
    """
    for path, values in over.items():
        for index, value in enumerate(values):
            if value in values[:index]:
                raise _refuse("duplicate_value", "must differ from the values before it", path, index, value)
    if (cells := prod(map(len, over.values()))) > MAX_CELLS:
        raise PydanticCustomError(
            "clr_error", "{message}",
            {"code": "too_many_cells", "pointer": "/over", "value": f"{cells} cells",
             "message": f"must have at most {MAX_CELLS} cells"},
        )  # fmt: skip
    for settings in settings_of(over):
        try:
            conditions_of(base, settings)
        except ValidationError as error:
            found = error.errors()[0]
            path = _at_fault(base, settings, found)
            code = found.get("ctx", {}).get("code", found["type"])
            field = ".".join(str(part) for part in found["loc"])
            text = found["msg"] if field == path else f"{field}: {found['msg']}"
            value = settings[path]
            raise _refuse(code, text, path, over[path].index(value), value) from error


def _refuse(code: str, text: str, path: str, index: int, value: object) -> PydanticCustomError:
    context = {"code": code, "message": text, "pointer": f"/over/{path}/{index}", "value": value}
    return PydanticCustomError("clr_error", "{message}", context)


def _at_fault(base: Conditions, settings: Settings, error: ErrorDetails) -> str:
    """Return the key that the error names; else the key without which the cell is valid."""
    for path in settings:
        if path.split(".")[-1] in error["loc"]:
            return path
    for path in settings:
        try:
            conditions_of(base, {key: value for key, value in settings.items() if key != path})
        except ValidationError:
            continue
        return path
    return next(iter(settings))

"""The fields of specs: types, help, defaults and legal values, from a file generated from the server's models.

The command line is installed without these models. ``make openapi`` regenerates the file.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("spec_fields.json")
SHARED = "every kind"
ENOUGH_TO_LIST = 70  # characters of legal values; longer lists are left to completion


@dataclass(frozen=True)
class Field:
    """A field of a spec. ``forms`` names the documents that have it, if not all alternatives of a choice do."""

    type: str | None = None
    help: str = ""
    default: Any = None
    choices: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()

    @property
    def listed_choices(self) -> str:
        """The legal values as text, if there are few."""
        text = ", ".join(self.choices)
        return text if len(text) <= ENOUGH_TO_LIST else ""


@cache
def fields_of_kind(kind: str) -> dict[str, Field]:
    """Return the fields of the specs of a kind of job, by path, such as ``conditions.optimizer.weight_decay``."""
    document: dict[str, dict[str, dict[str, Any]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {path: _field(**known) for path, known in (document[SHARED] | document[kind]).items()}


def _field(**known: Any) -> Field:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
    return Field(**values)

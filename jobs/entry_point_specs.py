"""What a package in the workers' environment provides under a name: models and datasets of one's own."""

import json
from typing import Annotated, Any

from pydantic import Field, field_validator

from jobs.strict import Strict, Text, refuse


class EntryPointOptions(Strict):
    """A name in an entry point group of the workers' environment, and what the function there is called with."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    options: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies defaults

    @field_validator("options")
    @classmethod
    def _is_finite(cls, options: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(options, allow_nan=False)
        except ValueError as error:
            raise refuse("finite_number", "must hold finite numbers only") from error
        return options

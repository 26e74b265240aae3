"""What may be asked of a range test beyond its curves."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from clr_core.errors import InvalidArgumentError
from clr_core.successive_halving import rungs
from jobs.strict import Strict, refuse


class Probe(Strict):
    """A ladder of ``rates`` at and below the edge, each tried in short 1cycle runs of ``steps`` steps all together."""

    rates: Annotated[int, Field(ge=2, le=32)] = 8
    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 1200

    @field_validator("steps")
    @classmethod
    def _is_enough(cls, steps: int, info: ValidationInfo) -> int:
        try:
            rungs(info.data.get("rates", 2), steps)
        except InvalidArgumentError as error:
            raise refuse("too_few_steps", f"must be {error.legal}") from error
        return steps

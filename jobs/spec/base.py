"""The base of all documents from outside: unknown fields, coerced types and infinite numbers are refused."""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

ACCEPTED: Final = "accepted"
"""The validation context of documents that were accepted before. Rules for requests are not applied to them again."""

Check = TypeVar("Check", bound=Callable[..., Any])


class Strict(BaseModel):
    """A frozen document: unknown fields, coerced types, NaN and infinity are refused.

    The sentence under a field is its description in the JSON Schema: the help of the dashboard's forms.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def model_rule(check: Check) -> Check:
    """Decorate a model validator that refuses requests whose fields contradict each other."""

    def unless_accepted(document: BaseModel, info: ValidationInfo) -> BaseModel:
        return document if info.context == ACCEPTED else cast("BaseModel", check(document))

    return cast("Check", model_validator(mode="after")(unless_accepted))


def field_rule(field: str) -> Callable[[Check], Check]:
    """Decorate a field validator that refuses a field which contradicts earlier fields of a request."""

    def decorate(check: Check) -> Check:
        def unless_accepted(model: type[BaseModel], value: object, info: ValidationInfo) -> object:
            return value if info.context == ACCEPTED else check.__get__(None, model)(value, info)

        return cast("Check", field_validator(field)(classmethod(unless_accepted)))

    return decorate


def refuse(code: str, message: str) -> PydanticCustomError:
    """Return an error in pydantic's form. Braces in the message stay as they are."""
    return PydanticCustomError("clr_error", "{message}", {"code": code, "message": message})


def _plain_text(text: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):  # noqa: PLR2004 - ASCII
        raise refuse("control_character", "must be printable text without control characters")
    return text


Text = Annotated[str, AfterValidator(_plain_text)]
Seconds = Annotated[float, Field(gt=0, le=1e9)]
LearningRate = Annotated[float, Field(gt=0, le=1e6)]

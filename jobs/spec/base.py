"""The base of all documents from outside: unknown fields, coerced types and infinite numbers are refused."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Strict(BaseModel):
    """A frozen document: unknown fields, coerced types, NaN and infinity are refused.

    The sentence under a field is its description in the JSON Schema: the help of the dashboard's forms.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


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

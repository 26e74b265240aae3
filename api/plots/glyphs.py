"""Text that can be drawn, and written into XML: characters that the font lacks become boxes."""

from functools import cache
from typing import Any

from matplotlib.font_manager import FontProperties, findfont, get_font

MISSING = "\N{WHITE SQUARE}"


def drawable(text: str) -> str:
    """The text with every character that the font has; line ends stay, control characters go."""
    known = _known()
    return "".join(
        character if character == "\n" or ord(character) in known else MISSING
        for character in text
        if character == "\n" or character.isprintable()
    )


@cache
def _known() -> dict[int, Any]:
    characters: dict[int, Any] = get_font(findfont(FontProperties(family=["DejaVu Sans"]))).get_charmap()
    return characters

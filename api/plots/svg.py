"""What an SVG needs for who cannot see it: a role, a title and a description."""

import re
from html import escape

from api.plots.figure import Figure
from api.plots.glyphs import drawable

_ROOT = re.compile(rb"<svg\b[^>]*>")


def described(document: bytes, figure: Figure) -> bytes:
    """The document with ``<title>`` and ``<desc>`` as first children of its root (SVG 1.1, section 5.4)."""
    title, text = escape(drawable(figure.title)), escape(drawable(figure.description))
    words = f'\n <title id="title">{title}</title>\n <desc id="desc">{text}</desc>'.encode()

    def opened(root: re.Match[bytes]) -> bytes:
        return root[0][:-1] + b' role="img" aria-labelledby="title desc">' + words

    return _ROOT.sub(opened, document, count=1)

"""Static files of the pages: our scripts and styles, and plotly.js from the (never imported) Python package."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

STATIC = Path(__file__).with_name("static")
PLOTLY = "plotly.min.js"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, its media type and its gzip-compressed content."""

    media_type: str
    plain: bytes
    packed: bytes


@cache
def digest() -> str:
    """A hash of all assets. It is part of their URLs, so browsers may cache them indefinitely."""
    found = hashlib.sha256(distribution("plotly").version.encode())
    for name, path in sorted(_files().items()):
        found.update(name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


@cache
def asset(name: str) -> Asset | None:
    """The asset with a name, a path below ``static`` such as ``lib/api.js``; None if there is none."""
    if name == PLOTLY:
        path = Path(str(distribution("plotly").locate_file(f"plotly/package_data/{PLOTLY}")))
    elif name in _files():
        path = _files()[name]
    else:
        return None
    media_type = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "text/plain"
    body = path.read_bytes()
    return Asset(media_type, body, gzip.compress(body, 6, mtime=0))


@cache
def _files() -> dict[str, Path]:
    """All files below ``static`` by name. No other file is served."""
    return {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}

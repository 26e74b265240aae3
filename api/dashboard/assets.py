"""What pages load: our own modules and styles, and plotly.js from its Python package, which is never imported."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

STATIC = files("api.dashboard") / "static"
PLOTLY = "plotly.min.js"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, its media type, and its gzip."""

    media_type: str
    plain: bytes
    packed: bytes


@cache
def digest() -> str:
    """A name for all assets together. It stands in their addresses, so browsers may keep them for ever."""
    found = hashlib.sha256(distribution("plotly").version.encode())
    for entry in sorted(STATIC.iterdir(), key=lambda entry: entry.name):
        found.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return found.hexdigest()[:16]


@cache
def asset(name: str) -> Asset | None:
    """The asset of that name; None where there is none."""
    if name == PLOTLY:
        body = Path(str(distribution("plotly").locate_file(f"plotly/package_data/{PLOTLY}"))).read_bytes()
    elif name in {entry.name for entry in STATIC.iterdir() if entry.is_file()}:
        body = (STATIC / name).read_bytes()
    else:
        return None
    media_type = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "text/plain"
    return Asset(media_type, body, gzip.compress(body, 6, mtime=0))

"""The frozen form of the OpenAPI document: ``python -m tests.openapi`` writes it anew."""

import json
from pathlib import Path
from typing import Any

from api.app import create_app
from jobs.config.settings import Settings

FROZEN = Path(__file__).parent / "integration" / "openapi" / "v1.json"
WORDS = frozenset({"description", "summary", "example", "examples", "title"})  # may be said better at any time


def contract() -> dict[str, Any]:
    """What clients rely on: paths, parameters, bodies, answers, codes of problems; without words for people."""
    document = create_app(Settings()).openapi()
    paths = {path: item for path, item in document["paths"].items() if path.startswith("/v1/")}
    frozen: dict[str, Any] = _without_words({"paths": paths, "schemas": document["components"]["schemas"]})
    for path, item in paths.items():
        for method, operation in item.items():
            kept = frozen["paths"][path][method]
            kept["problems"] = codes(operation)
            for status in kept["problems"]:
                del kept["responses"][status]
    return frozen


def codes(operation: dict[str, Any]) -> dict[str, list[str]]:
    """Codes of the problems that an operation may answer with, by status."""
    found = {}
    for status, response in operation["responses"].items():
        media = response.get("content", {}).get("application/problem+json", {})
        if "examples" in media:
            found[status] = sorted(media["examples"])
    return found


def _without_words(node: Any, *, are_names: bool = False) -> Any:
    """Without them as keywords; a field of a document may well be called ``title``."""
    if isinstance(node, dict):
        return {
            key: _without_words(value, are_names=key in ("properties", "schemas", "$defs"))
            for key, value in node.items()
            if are_names or key not in WORDS
        }
    return [_without_words(each) for each in node] if isinstance(node, list) else node


def text() -> str:
    """The document as it is kept."""
    return json.dumps(contract(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FROZEN.parent.mkdir(exist_ok=True)
    FROZEN.write_text(text())

"""Specs in files: YAML or JSON, read strictly."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from clr_cli.input.settings import Spec, refuse_constant
from clr_client.errors import UsageError

STDIN = Path("-")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """A loader of YAML 1.2: ``1e-4`` is a number, ``no`` and dates are text; a duplicate key is an error.

    PyYAML alone reads version 1.1, where ``1e-4`` is text, which numeric fields refuse.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str) or key in seen:
                problem = "is given twice" if key in seen else "is no text"
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} {problem}", key_node.start_mark)
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|Null|NULL|~|)$"), [*"nN~", ""])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), [*"tTfF"]
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), [*"-+0123456789"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
    [*"-+.0123456789"],
)


def spec_from_file(path: Path) -> Spec:
    """Read the spec in a file: JSON if its name ends in .json, else YAML; ``-`` is standard input.

    Raises:
        UsageError: If it cannot be read, or holds no mapping.
    """
    try:
        text = sys.stdin.read() if path == STDIN else path.read_text()
        spec = json.loads(text, parse_constant=refuse_constant) if path.suffix == ".json" else _yaml(text)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} holds no {'JSON' if path.suffix == '.json' else 'text'}: {error}.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} holds no YAML: {_words(error)}.") from error
    if not isinstance(spec, dict):
        raise UsageError(f"{path} holds no mapping of fields, such as kind: lr_find.")
    return spec


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader, stricter


def _words(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return f"{getattr(error, 'problem', None) or error}{place}"

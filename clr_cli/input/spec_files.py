"""Specs in files: YAML or JSON, read strictly, with changes from the command line."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from clr_cli.input.spec_from_flags import Spec, fields_of, refuse_constant
from clr_client.errors import UsageError

STDIN = Path("-")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML as its version 1.2 reads it: ``1e-4`` is a number, ``no`` and dates are text; a key twice is an error.

    PyYAML alone reads version 1.1, where ``1e-4`` is text, which no field for a number takes.
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
    """The spec in a file: JSON where its name ends so, else YAML; ``-`` is standard input.

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


def with_settings(spec: Mapping[str, Any], settings: Sequence[str]) -> Spec:
    """A spec with fields changed by ``path=value`` pairs, as `patch_of` reads them; null removes a field."""
    changed: Spec = merged(spec, patch_of(settings))
    return changed


def patch_of(settings: Sequence[str]) -> Spec:
    """``path=value`` pairs as a JSON merge patch; a path has dots between its fields.

    Raises:
        UsageError: If one is not of that form, or two contradict each other.
    """
    patch: Spec = {}
    for path, value in fields_of(settings).items():
        *above, last = path.split(".")
        place = patch
        for name in above:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise UsageError(f"--set {path}: {name} is given a value of its own too.")
        if not all((*above, last)) or last in place:
            raise UsageError(f"--set {path}: a field has no name, or is given twice.")
        place[last] = value
    return patch


def merged(document: Any, patch: Any) -> Any:
    """A document changed by a merge patch (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader, stricter


def _words(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return f"{getattr(error, 'problem', None) or error}{place}"

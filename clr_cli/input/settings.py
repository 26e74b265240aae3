"""Fields of a document as typed: ``path=value`` pairs, and the merge patch from them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from clr_client.errors import UsageError

Spec = dict[str, Any]


def fields_of(settings: Sequence[str]) -> Spec:
    """Parse ``field=value`` pairs into a document. A value is JSON if it parses as JSON, else text.

    Raises:
        UsageError: If one is not of that form.
    """
    fields: Spec = {}
    for setting in settings:
        key, sign, text = setting.partition("=")
        if not (key and sign):
            raise UsageError(f"{setting!r} is not of the form field=value, such as max_lr=0.4.")
        try:
            fields[key] = json.loads(text, parse_constant=refuse_constant)
        except ValueError:
            fields[key] = text
    return fields


def patch_of(settings: Sequence[str]) -> Spec:
    """Parse ``path=value`` pairs into a JSON merge patch. Dots separate the fields of a path.

    Raises:
        UsageError: If one is not of that form, or two contradict each other.
    """
    return nested(fields_of(settings))


def nested(fields: Mapping[str, Any]) -> Spec:
    """Turn values by path into a nested document.

    Raises:
        UsageError: If two paths contradict each other, or one has a field without a name.
    """
    patch: Spec = {}
    for path, value in fields.items():
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
    """Apply a merge patch to a document (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def with_settings(spec: Mapping[str, Any], settings: Sequence[str]) -> Spec:
    """Change fields of a spec by ``path=value`` pairs, see `patch_of`; null removes a field."""
    changed: Spec = merged(spec, patch_of(settings))
    return changed


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(f"{name} is not a JSON number")

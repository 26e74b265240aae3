"""The fields of specs for ``clr``, from the models of specs: ``python -m tests.spec_fields`` writes them anew.

The command line is installed without these models, so what its flags take from them (type, help, default, legal
values) is a file in its package.
"""

import json
from collections.abc import Sequence
from typing import Any

from clr_cli.input.spec_fields import FILE, SHARED
from jobs.spec.job import job_spec

Schema = dict[str, Any]
Facts = dict[str, Any]


def facts() -> dict[str, dict[str, Facts]]:
    """What is known of each field, by kind of job and path; fields that are the same in every kind come first."""
    schema = job_spec.json_schema()
    kinds = {
        kind: _below({"$ref": reference}, schema["$defs"])
        for kind, reference in schema["discriminator"]["mapping"].items()
    }
    first, *others = kinds.values()
    shared = {path: known for path, known in first.items() if all(each.get(path) == known for each in others)}
    own = {kind: {path: fields[path] for path in fields if path not in shared} for kind, fields in kinds.items()}
    return {SHARED: shared, **own}


def _below(schema: Schema, definitions: Schema) -> dict[str, Facts]:
    """Facts of the fields of a document, by their paths from it."""
    found = {}
    for name, raw in _resolved(schema, definitions).get("properties", {}).items():
        node = _resolved(raw, definitions)
        forms = _forms(node, definitions)
        found[name] = _known(node, forms)
        documents = [(_names(form), _below(form, definitions)) for form in forms if "properties" in form]
        for path in dict.fromkeys(path for _, document in documents for path in document):
            found[f"{name}.{path}"] = _united(path, documents)
        if f"{name}.name" in found and "help" in found[name]:
            found[f"{name}.name"].setdefault("help", found[name]["help"])  # a choice of the name is one of the document
    return found


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """What a reference refers to, with what is beside the reference."""
    if "$ref" not in schema:
        return schema
    target: Schema = definitions[schema["$ref"].rpartition("/")[2]]
    return target | {key: value for key, value in schema.items() if key != "$ref"}


def _forms(schema: Schema, definitions: Schema) -> list[Schema]:
    """The forms that a value may have; null is none."""
    union = schema.get("oneOf") or schema.get("anyOf")
    if union is None:
        return [] if schema.get("type") == "null" else [schema]
    return [form for one in union for form in _forms(_resolved(one, definitions), definitions)]


def _names(document: Schema) -> list[str]:
    """The names that choose a form of a document."""
    return _choices(document["properties"].get("name", {}))


def _choices(schema: Schema) -> list[Any]:
    keys = schema.get("propertyNames", {}).get("enum", [])
    return [*schema.get("enum", []), *([schema["const"]] if "const" in schema else []), *keys]


def _known(node: Schema, forms: Sequence[Schema]) -> Facts:
    words = node.get("description", "").split("\n\n")[0].replace("`", "").replace("\n", " ")
    default = node.get("default")
    known = {
        "type": forms[0].get("type"),
        "help": words or None,
        "default": None if isinstance(default, dict) else default,
        "choices": [choice for form in forms for choice in _choices(form)] or None,
    }
    return {key: value for key, value in known.items() if value is not None}


def _united(path: str, documents: Sequence[tuple[list[str], dict[str, Facts]]]) -> Facts:
    """Facts of a field that several forms of a document have, and the names of these forms if others lack it."""
    having = [(names, document[path]) for names, document in documents if path in document]
    united: Facts = {}
    for _, known in having:
        united = known | united
    choices = [choice for _, known in having for choice in known.get("choices", [])]
    if choices:
        united["choices"] = list(dict.fromkeys(choices))
    if any(known.get("default") != united.get("default") for _, known in having):
        united.pop("default", None)
    if len(having) < len(documents):
        united["forms"] = [name for names, _ in having for name in names]
    return united


def text() -> str:
    """The file, a line for each field."""
    kinds = (
        f' "{kind}": {{\n'
        + ",\n".join(f"  {json.dumps(path)}: {json.dumps(known)}" for path, known in fields.items())
        + "\n }"
        for kind, fields in facts().items()
    )
    return "{\n" + ",\n".join(kinds) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text())

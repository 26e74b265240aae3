"""What the site has besides docs/*.md: the README as first page, the API's reference, decisions in the navigation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from api.app import create_app
from jobs.config.settings import Settings

ROOT = Path(__file__).parent.parent
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every decision record into the navigation, behind the index of all of them."""
    records = [f"adr/{page.name}" for page in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))]
    config.nav[-1]["Inside"].append({"Decisions": ["adr/README.md", *records]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from something else."""
    made = {"index.md": _readme(), "reference.md": "\n".join(_reference())}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Name files outside of this folder instead of linking to them: the site does not hold them."""
    return re.sub(r"\[([^]]*)\]\(\.\./(?!api|adr)([^)]*)\)", r"`\2`", markdown)


def _readme() -> str:
    text = re.sub(r"\[([^]]*)\]\((?!https?:|#|docs/)([^)]*)\)", r"`\2`", (ROOT / "README.md").read_text())
    return text.replace("](docs/", "](")


def _reference() -> Iterator[str]:
    """One section for each operation: parameters, bodies, answers; then every schema."""
    document = create_app(Settings()).openapi()
    yield f"# Reference\n\nOpenAPI {document['openapi']}, version {document['info']['version']}."
    yield "A running server has it at `/openapi.json`, and to try out at `/docs`."
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"\n## {method.upper()} {path}\n\n{operation.get('description', '')}"
            yield from _parameters(operation.get("parameters", []))
            yield from _body(operation.get("requestBody", {}))
            yield from _answers(operation["responses"])
    yield "\n## Schemas"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _schema(name, schema)


def _parameters(parameters: list[dict[str, Any]]) -> Iterator[str]:
    if parameters:
        yield "\n| parameter | in | type | |\n| --- | --- | --- | --- |"
    for each in parameters:
        name = f"`{each['name']}`{' (required)' if each.get('required') else ''}"
        yield f"| {name} | {each['in']} | {_type(each['schema'])} | {_line(each)} |"


def _body(body: dict[str, Any]) -> Iterator[str]:
    for media_type, content in body.get("content", {}).items():
        yield f"\nBody, `{media_type}`: {_type(content['schema'])}"


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"\n### {name}\n\n{schema.get('description', '')}"
    if "properties" not in schema:
        yield f"\n{_type(schema)}"
    for field, its in schema.get("properties", {}).items():
        required = ", required" if field in schema.get("required", []) else ""
        yield f"\n- `{field}`: {_type(its)}{required}. {_line(its)}"


def _answers(responses: dict[str, Any]) -> Iterator[str]:
    yield "\n| status | | body |\n| --- | --- | --- |"
    for status, answer in sorted(responses.items()):
        contents = answer.get("content", {}).items()
        bodies = "; ".join(f"`{media}` {_type(content.get('schema', {}))}" for media, content in contents)
        yield f"| {status} | {_line(answer)} | {bodies} |"


def _line(described: dict[str, Any]) -> str:
    return " ".join(described.get("description", "").split())


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if either := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(one) for one in either)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    bounds = [f"{sign} {schema[key]:g}" for key, sign in _BOUNDS.items() if key in schema]
    inner = f" of {_type(schema['items'])}" if "items" in schema else ""
    return " ".join([str(schema.get("type", "any")) + inner, *bounds])

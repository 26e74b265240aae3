"""Files and modules that the documentation names are in the tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "\nStatus: superseded" not in page.read_text()),
]  # fmt: skip
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")}
FOLDERS = PACKAGES | {"deploy", "docs", "examples", "packaging"}
LOGGERS = {"api.access.requests", "api.audit"}
NAME = r"[A-Za-z_]\w*"


def references(text: str) -> set[str]:
    """Modules by file name, and paths and dotted names that begin with a folder here, in code spans."""
    spans = {span.partition("(")[0] for span in re.findall(r"`([^`\n]+)`", text)}
    paths = {span for span in spans if re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w./-]*", span)}
    files = {span for span in spans if re.fullmatch(rf"{NAME}\.py", span)}
    dotted = {span for span in spans if re.fullmatch(rf"({'|'.join(PACKAGES)})(\.{NAME})+", span)}
    return paths | files | {name for name in dotted - LOGGERS if not name.endswith((".yaml", ".yml"))}


def exists(reference: str) -> bool:
    """Whether it is a file, a folder, a module, or what a module defines or imports at its top level."""
    if "/" in reference or (ROOT / reference).exists():
        return (ROOT / reference).exists()
    if reference.endswith(".py"):
        return any(next((ROOT / package).rglob(reference), None) for package in PACKAGES)
    *parents, last = reference.split(".")
    if _file_of([*parents, last]) is not None:
        return True
    module = _file_of(parents)
    if module is not None:
        return last in set(_defined(module))
    return len(parents) > 1 and exists(".".join(parents))  # a member of a class


def _file_of(parts: list[str]) -> Path | None:
    path = ROOT.joinpath(*parts)
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.exists()), None)


def _defined(module: Path) -> Iterator[str]:
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        else:
            yield from (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    assert [reference for reference in sorted(references(page.read_text())) if not exists(reference)] == []


def test_every_cell_of_where_to_change_names_something() -> None:
    text = (ROOT / "docs" / "where_to_change.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0] not in {"to change", "---"}]
    assert len(rows) >= 25
    for change, files, tests in rows:
        known = {span for span in re.findall(r"`([^`]+)`", f"{files} {tests}") if "/" in span or "." in span}
        assert [span for span in sorted(known) if not (ROOT / span).exists()] == [], change
        assert references(files), change
        assert {span for span in references(tests) if span.startswith("tests/")}, change


def test_the_table_of_packages_has_each_one() -> None:
    section = (
        (ROOT / "docs" / "architecture.md").read_text().partition("| package | what it is |")[2].partition("\n\n")[0]
    )
    cells = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == PACKAGES


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`jobs/status.py`, `jobs.status`, `jobs.status.Status.QUEUED` and `jobs.submission.submit.submit()`", []),
        ("`supervisor.py`", []),
        ("`drawing.py`", ["drawing.py"]),
        ("`jobs/lost.py`", ["jobs/lost.py"]),
        ("`jobs.status.Lost`", ["jobs.status.Lost"]),
        ("`jobs.lost.Status`", ["jobs.lost.Status"]),
        ("`tests/lost/`", ["tests/lost/"]),
        ("jobs/lost.py outside of a code span, and `other/lost.py`", []),
    ],
)
def test_what_is_not_there_is_found(text: str, missing: list[str]) -> None:
    assert [reference for reference in sorted(references(text)) if not exists(reference)] == missing

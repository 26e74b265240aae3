"""The dashboard's JavaScript: which modules import which."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "api" / "dashboard" / "static"
FOLDERS = ("lib", "charts", "forms", "job", "pages")  # each imports only those before it, and its own modules
IMPORT = re.compile(r'^import\b[^"]*"([^"]+)";', re.MULTILINE)


def imports() -> dict[Path, set[Path]]:
    """The modules that each module imports, as paths below the folder of static files."""
    found = {}
    for file in sorted(STATIC.rglob("*.js")):
        targets = [(file.parent / name).resolve() for name in IMPORT.findall(file.read_text())]
        found[file.relative_to(STATIC)] = {target.relative_to(STATIC) for target in targets}
    return found


def test_imports_are_found_and_lead_to_modules() -> None:
    found = imports()
    assert Path("lib/api.js") in found[Path("lib/dom.js")]
    assert set().union(*found.values()) <= set(found)


def test_modules_import_only_folders_below_their_own() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, targets in imports().items()
        for target in targets
        if FOLDERS.index(target.parts[0]) > FOLDERS.index(module.parts[0])
    ]
    assert wrong == []


def test_no_page_imports_another() -> None:
    pages = [module for module in imports() if module.parts[0] == "pages"]
    assert pages
    assert not set(pages) & set().union(*imports().values())


def test_imports_have_no_cycles() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(str(module) for module in error.args[1]))

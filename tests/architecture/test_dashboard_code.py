"""The dashboard's JavaScript: its linter, its type check, and which modules import which."""

import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.nodejs import node_program

DASHBOARD = Path(__file__).parents[2] / "api" / "dashboard"
STATIC = DASHBOARD / "static"
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


def install_development_tools(npm: str) -> None:
    """Install what ``package-lock.json`` names, unless that is there already."""
    lock, installed = DASHBOARD / "package-lock.json", DASHBOARD / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = [npm, "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=DASHBOARD, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm cannot install the linter and the type checker: {done.stderr}")
        installed.touch()


def test_the_linter_and_the_type_check_find_nothing() -> None:
    npm = node_program("npm")
    install_development_tools(npm)
    for check in ("lint", "types"):
        command = [npm, "run", "--silent", check]
        done = subprocess.run(command, cwd=DASHBOARD, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

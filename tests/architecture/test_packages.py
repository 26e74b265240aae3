"""The three projects that are built from this checkout: what is in their wheels, and what each needs."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = {
    "clr_core": (ROOT / "packaging/clr-core", ("clr_core",)),
    "clr_client": (ROOT / "packaging/clr-client", ("clr_cli", "clr_client")),
    "clr_service": (ROOT, ("api", "jobs", "local_stack", "migrations", "worker")),
}
OURS = {package for _, packages in PROJECTS.values() for package in packages}
# Modules that need an extra.
EXTRAS = {
    "clr_core": {"clr_core.torch"},
    "clr_client": {"clr_client.display.notebook_progress", "clr_client.display.text_charts"},
}
LOAD_ALL = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

package, absent, extras = sys.argv[1], set(sys.argv[2].split(",")), set(sys.argv[3].split(","))
sys.meta_path.insert(0, Absent())
for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
    if module.name not in extras:
        importlib.import_module(module.name)
"""


def project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return found


def tracked(*folders: str) -> list[str]:
    command = ["git", "ls-files", "-z", *folders]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip("\0").split("\0")


def is_needed(file: str) -> bool:
    """Whether a file of a package belongs into its wheel; tools for the dashboard's JavaScript do not."""
    data = (".mako", ".typed", "/answers.json", "/spec_fields.json")
    return file.endswith((".py", *data)) or "/static/" in file or "/templates/" in file


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_holds_all_files_of_its_packages_and_no_others(name: str, tmp_path: Path) -> None:
    folder, packages = PROJECTS[name]
    # Of a copy, because a build leaves folders behind.
    copy = tmp_path / "checkout"
    for each in tracked("*.toml", "*.md", "LICENSE", *sorted(OURS)):
        (copy / each).parent.mkdir(parents=True, exist_ok=True)
        (copy / each).write_bytes((ROOT / each).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(copy / folder.relative_to(ROOT))], check=True)
    (wheel,) = tmp_path.glob(f"{name}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        found = {each for each in archive.namelist() if ".dist-info/" not in each}
    assert found == {each for each in tracked(*packages) if is_needed(each)}


@pytest.mark.parametrize("name", EXTRAS)
def test_a_package_that_may_be_installed_alone_needs_no_other(name: str) -> None:
    """All its modules load where nothing is installed but what the project lists, and what that needs in turn."""
    needed = needed_by(project(PROJECTS[name][0])["dependencies"])
    absent = {top for top, owners in packages_distributions().items() if not needed & set(map(normal, owners))} | OURS
    arguments = [name, ",".join(absent - {name}), ",".join(EXTRAS[name])]
    subprocess.run([sys.executable, "-c", LOAD_ALL, *arguments], cwd=ROOT, check=True)


def needed_by(requirements: list[str]) -> set[str]:
    """Names of the distributions that some requirements bring, those that they need in turn included."""
    found, waiting = set[str](), set(map(normal, requirements))
    while waiting:
        found.add(one := waiting.pop())
        more = (requires(one) or []) if is_installed(one) else []
        waiting |= {normal(requirement) for requirement in more if "extra ==" not in requirement} - found
    return found


def normal(requirement: str) -> str:
    """The name in a requirement, as the packaging standards normalise it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def test_versions_agree() -> None:
    versions = {name: project(folder)["version"] for name, (folder, _) in PROJECTS.items()}
    assert len(set(versions.values())) == 1, versions
    needed = project(ROOT)["dependencies"]
    assert {f"clr-client[cli]=={versions['clr_client']}", f"clr-core=={versions['clr_core']}"} <= set(needed)

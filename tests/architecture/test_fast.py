"""Which unit tests ``make fast`` runs for a change."""

import subprocess
from pathlib import Path

import grimp
import pytest

from tests.fast import ROOT, changed_files, packages, unit_tests_of


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*packages(ROOT), cache_dir=None)


def test_a_module_has_the_tests_that_import_it(graph: grimp.ImportGraph) -> None:
    found = unit_tests_of(["clr_core/scaling.py"], graph)
    assert "tests/unit/clr_core/test_scaling.py" in found
    assert "tests/unit/clr_core/test_comparison.py" not in found


def test_a_test_has_itself_and_a_conftest_its_folder(graph: grimp.ImportGraph) -> None:
    itself = "tests/unit/clr_core/test_scaling.py"
    assert unit_tests_of([itself], graph) == [itself]
    conftests = sorted(path.relative_to(ROOT) for path in (ROOT / "tests/unit").rglob("conftest.py"))
    assert conftests
    for conftest in conftests:
        of_folder = {str(path.relative_to(ROOT)) for path in (ROOT / conftest).parent.rglob("test_*.py")}
        assert of_folder <= set(unit_tests_of([str(conftest)], graph))


def test_what_is_no_module_and_what_is_no_unit_test_have_none(graph: grimp.ImportGraph) -> None:
    assert unit_tests_of(["README.md", "tests/integration/api/test_submit_and_read.py", "gone.py"], graph) == []


def test_commits_edits_and_new_files_are_changes_and_deleted_files_are_not(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--initial-branch=main")
    for name in ("same", "committed", "edited", "deleted"):
        (tmp_path / name).write_text("before")
    git("add", ".")
    git("commit", "-m", "Begin")
    git("checkout", "-b", "branch")
    (tmp_path / "committed").write_text("after")
    git("commit", "-a", "-m", "Go on")
    (tmp_path / "edited").write_text("after")
    (tmp_path / "deleted").unlink()
    (tmp_path / "new").touch()
    assert changed_files(tmp_path) == ["committed", "edited", "new"]
    git("branch", "-D", "main")  # as in a clone of one branch
    assert changed_files(tmp_path) == ["edited", "new"]

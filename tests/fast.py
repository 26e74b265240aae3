"""``make fast``: style, types and imports, and the unit tests of what has changed since the branch left main.

A unit test belongs to a module if it is that module or imports it itself. What reaches a module only through others
is left to ``make test``.
"""

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
UNIT_TESTS = "tests.unit."


def changed_files(root: Path) -> list[str]:
    """Files that differ from where this branch left main, in commits, in the working tree or as new files."""
    known = _git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads/main", "refs/remotes/origin/main")
    merge_base = _git(root, "merge-base", "HEAD", known[0])[0] if known else "HEAD"
    differing = _git(root, "diff", "--name-only", "--diff-filter=d", merge_base)
    return sorted({*differing, *_git(root, "ls-files", "--others", "--exclude-standard")})


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def unit_tests_of(files: Iterable[str], graph: grimp.ImportGraph) -> list[str]:
    """Paths of the unit tests that are among the files or import one of them; a conftest has those of its folder."""
    found: set[str] = set()
    for file in files:
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module not in graph.modules:
            continue
        found |= {module, *graph.find_modules_that_directly_import(module)}
        if module.endswith(".conftest"):
            found |= graph.find_descendants(module.removesuffix(".conftest"))
    tests = (name for name in found if name.startswith(UNIT_TESTS) and name.rpartition(".")[2].startswith("test_"))
    return [f"{name.replace('.', '/')}.py" for name in sorted(tests)]


def packages(root: Path) -> list[str]:
    """Names of the packages of the repository."""
    return sorted(path.parent.name for path in root.glob("*/__init__.py"))


def main() -> int:
    """Run the checks side by side; the number of those that failed."""
    began = time.monotonic()
    changed = [file for file in changed_files(ROOT) if file.endswith(".py")]
    graph = grimp.build_graph(*packages(ROOT), cache_dir=str(ROOT / ".import_linter_cache"))
    tests = unit_tests_of(changed, graph)
    here = Path(sys.executable).parent
    checks = [["mypy"], ["lint-imports"]]
    if changed:
        checks += [["ruff", "check", *changed], ["ruff", "format", "--check", *changed]]
    if tests:
        checks += [["pytest", "-q", *tests]]
    started = [
        subprocess.Popen(
            [here / name, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for name, *arguments in checks
    ]
    failed = 0
    for (name, *_), check in zip(checks, started, strict=True):
        output, _ = check.communicate()
        if check.returncode:
            failed += 1
            print(f"{name} failed:\n{output}")
    print(f"{len(changed)} files, {len(tests)} of their unit tests, {time.monotonic() - began:.1f} s, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())

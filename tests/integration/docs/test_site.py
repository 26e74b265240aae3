"""The documentation as a site."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# What a browser fetches by itself; a link that a reader follows is none.
FETCHED = re.compile(
    r"<(?:script|img|iframe)[^>]*\bsrc=.(?:https?:)?//"
    r"|<link(?![^>]*rel=.(?:canonical|next|prev))[^>]*href=.(?:https?:)?//",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built without a warning: `--quiet` would hide warnings from `--strict`."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_pages_fetch_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {"index.html", "api.html", "reference.html", "bounds.html"} <= {page.name for page in pages}
    assert [page.name for page in pages if FETCHED.search(page.read_text())] == []


def test_the_reference_names_every_operation(site: Path) -> None:
    text = (site / "reference.html").read_text()
    for operation in ("POST /v1/jobs", "GET /v1/jobs/{job_id}/lr-bounds", "POST /v1/schedules:preview"):
        assert operation in text


def test_the_python_reference_has_every_part_of_clr_core(site: Path) -> None:
    text = (site / "python_core.html").read_text()
    parts = {path.stem for path in (ROOT / "clr_core").iterdir() if path.suffix in {"", ".py"} and path.name[0] != "_"}
    assert {part for part in parts if f'id="clr_core.{part}"' not in text} == set()


def test_the_python_reference_has_what_users_of_the_client_call(site: Path) -> None:
    text = (site / "python_client.html").read_text()
    for name in ("Client.submit", "AsyncClient.close", "Job.wait", "jobs.cancel", "Curves.to_pandas", "ProblemError"):
        assert re.search(rf'id="clr_client\.[a-z_.]*{name}"', text), name

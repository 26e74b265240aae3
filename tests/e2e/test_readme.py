"""The first pages are true: what docs/curl.md tells to paste into a shell does what it says; so does the demo."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local_stack.stack import Stack

ROOT = Path(__file__).parents[2]


def test_the_curl_transcript_pasted_into_a_shell_gives_what_it_says(stack: Stack, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    page = (ROOT / "docs" / "curl.md").read_text()
    script = "set -eu\n" + "\n".join(re.findall(r"```bash\n(.*?)```", page, re.DOTALL))
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "CLR_URL": stack.url, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = done.stdout
    assert "202" in printed
    assert re.search(r"location: /v1/jobs/job_[0-9a-f]{32}", printed, re.IGNORECASE)
    assert "succeeded" in printed
    for key in ('"bounds"', '"max_lr"', '"curves"', '"series"'):
        assert key in printed, key


def test_the_demo_ends_well_with_bounds_accuracy_and_two_pictures(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "clr_cli", "demo", "--out", str(tmp_path / "out")]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    document = json.loads(text[text.index("{\n") : text.rindex("}") + 1])
    assert document["bounds"]["max_lr"] > 0
    assert "Validation accuracy" in text
    for name in ("lr_range_test.png", "training.png"):
        assert (tmp_path / "out" / name).stat().st_size > 10_000

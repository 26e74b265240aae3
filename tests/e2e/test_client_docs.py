"""What docs/client.md, docs/cli.md and docs/tutorial_images.md show runs as it stands there, against a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_stack.stack import Stack

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_the_examples_of_the_client_run_one_after_the_other(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLR_URL", stack.url)
    names: dict[str, Any] = {}
    for block in blocks("client.md", "python"):
        exec(compile(block, "client.md", "exec"), names)
    names["client"].close()
    printed = capsys.readouterr().out
    assert "Bounds(base_lr=0." in printed
    assert "422 invalid_spec /epochs" in printed
    assert "succeeded" in printed


def pasted(commands: list[str], stack: Stack, folder: Path) -> subprocess.CompletedProcess[str]:
    script = "\n".join(
        ["set -eu", 'clr() { "$PYTHON" -P -m clr_cli "$@"; }', 'python() { "$PYTHON" "$@"; }', *commands]
    )
    environment = {**os.environ, "CLR_URL": stack.url, "PYTHON": sys.executable, "PYTHONPATH": str(DOCS.parent)}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=folder, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_tutorial_runs_as_it_stands_on_a_smaller_model_and_for_an_epoch(stack: Stack, tmp_path: Path) -> None:
    commands = "\n".join(blocks("tutorial_images.md", "bash"))
    small = commands.replace("resnet8", "mlp").replace("--epochs 12", "--epochs 1")
    done = pasted([small], stack, tmp_path)
    for part in ("178\n", "1 x 8 x 8", "10 classes", "LR bounds of job_", "val accuracy", "Deleted job_"):
        assert part in done.stdout + done.stderr, part
    assert (tmp_path / "range_test.png").stat().st_size > 10_000
    assert (tmp_path / "digits.json").exists()


def test_the_examples_of_the_command_line_run_one_after_the_other(stack: Stack, tmp_path: Path) -> None:
    (file,) = blocks("cli.md", "yaml")
    (tmp_path / "job.yaml").write_text(file)
    done = pasted(blocks("cli.md", "bash"), stack, tmp_path)
    for part in ("LR bounds of job_", "Next: clr train --from-job", "A legal spec: lr_find", "val accuracy"):
        assert part in done.stdout, part
    assert (tmp_path / "picture.svg").stat().st_size > 1000
    assert (tmp_path / "points.csv").read_text().startswith("metric,replica,step,value\n")
    assert float(done.stdout.splitlines()[-1]) > 0
    assert "\x1b" not in done.stdout + done.stderr

"""The dashboard agrees with the command line on the first spec of a job, and with the service on reasons."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clr_cli.input.spec_from_flags import start
from jobs.status import Reason
from tests.nodejs import node_program

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "api" / "dashboard" / "static"
REASONS = sorted(set(Reason) - {Reason.CHECKPOINT_DAMAGED})  # that one is a reason of ranks, never of a job


def evaluated(module: str, expression: str) -> Any:
    """The value of a JavaScript expression over the exports ``m`` of a module of the dashboard."""
    code = (
        f"const m = await import({json.dumps((STATIC / module).as_uri())}); console.log(JSON.stringify({expression}));"
    )
    command = [node_program("node"), "--input-type=module", "--eval", code]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("kind", ["lr_find", "sweep", "train"])
def test_a_form_and_the_command_line_start_from_equal_conditions(kind: str) -> None:
    form = evaluated("forms/defaults.js", f"m.initialSpec({json.dumps(kind)}, new URLSearchParams())")
    assert form["conditions"] == start(kind)["conditions"]
    assert form.get("schedule", {}).get("name") == start(kind).get("schedule", {}).get("name")


def test_the_dashboard_has_a_text_for_every_reason_of_a_job() -> None:
    texts = evaluated("lib/job_status_text.js", f"{json.dumps(REASONS)}.map((reason) => m.reasonText(reason).what)")
    missing = [reason for reason, text in zip(REASONS, texts, strict=True) if text in {"", reason.replace("_", " ")}]
    assert missing == []


def test_operators_can_look_up_every_reason_of_a_job() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    table = re.findall(r"^\| (.*?) \|", text.split("## What to do when …", 1)[1], re.MULTILINE)
    assert [reason for reason in REASONS if not any(f"`{reason}`" in seen for seen in table)] == []

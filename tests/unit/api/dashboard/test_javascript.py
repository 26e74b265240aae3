"""Runs the unit tests of the dashboard's JavaScript, the files ``*.test.mjs`` beside this one."""

import subprocess
from pathlib import Path

from tests.nodejs import node_program


def test_the_unit_tests_of_the_dashboard_pass() -> None:
    files = sorted(str(file) for file in Path(__file__).parent.rglob("*.test.mjs"))
    assert files
    done = subprocess.run([node_program("node"), "--test", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

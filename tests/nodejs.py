"""Node.js and npm, for the checks of the dashboard's JavaScript."""

import os
import shutil
import subprocess
from typing import NoReturn

import pytest

OLDEST = 18  # Debian 12 has it


def unavailable(reason: str) -> NoReturn:
    """Skip a test for want of a program, which CI does not allow."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI may not skip the checks of the dashboard's JavaScript")
    pytest.skip(reason)


def node_program(name: str) -> str:
    """The path of ``node`` or ``npm``, where a Node.js is installed that is new enough."""
    node, found = shutil.which("node"), shutil.which(name)
    if node is None or found is None:
        unavailable(f"{name} is not installed (Debian: apt-get install nodejs npm)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST:
        unavailable(f"Node.js is {version}, the checks need {OLDEST} or newer")
    return found

"""Node.js and npm, for the checks of the dashboard's JavaScript."""

import shutil
import subprocess

import pytest

OLDEST = 18  # Debian 12 has it


def node_program(name: str) -> str:
    """The path of ``node`` or ``npm``, where a Node.js is installed that is new enough."""
    node, found = shutil.which("node"), shutil.which(name)
    if node is None or found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install nodejs npm)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST:
        pytest.skip(f"Node.js is {version}, the checks need {OLDEST} or newer")
    return found

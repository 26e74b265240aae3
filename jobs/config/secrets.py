"""Secrets of the service's processes: recognised by name or value, hidden from other processes, passed to children.

``/proc/PID/environ`` shows the environment that a process was started with to all processes of its user, and a process
can only hide it after it has started. So a parent passes secrets to a child through standard input: the child hides
itself first, then reads them.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Mapping

log = logging.getLogger(__name__)

ON_STDIN = "CLR_SECRETS_ON_STDIN"  # set by a parent that passes secrets
PREFIXES = ("AWS_", "AZURE_", "PG", "REDISCLI_")
WORDS = re.compile(
    r"SECRET|PASSW|TOKEN|CREDENTIAL|API_?KEY|ADMIN_?KEY|PRIVATE_?KEY|ACCESS_?KEY|AUTH", re.IGNORECASE
)  # fmt: skip
PASSWORD_IN_URL = re.compile(r"://[^/@\s:]*+:[^/@\s]++@")  # no backtracking, so linear time
_PR_SET_DUMPABLE = 4


def is_credential(name: str, value: str) -> bool:
    """Return whether a variable holds a secret: by its name, or because its value is a URL with a password."""
    return name.upper().startswith(PREFIXES) or bool(WORDS.search(name)) or bool(PASSWORD_IN_URL.search(value))


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that hold no secret."""
    return {name: value for name, value in environment.items() if not is_credential(name, value)}


def hand_over(environment: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Return the environment to start a child with, and the input for its `take_secrets` to read."""
    secrets = {name: value for name, value in environment.items() if is_credential(name, value)}
    return without_credentials(environment) | {ON_STDIN: "1"}, json.dumps(secrets).encode()


def take_secrets() -> None:
    """Hide this process, then read the secrets from `hand_over` into its environment, if its parent passed any."""
    hide_process()
    environment = os.environ  # noqa: TID251 - secrets come into it by another way
    if environment.pop(ON_STDIN, None) is not None:
        environment.update(json.loads(sys.stdin.buffer.read()))


def hide_process() -> None:
    """Keep other processes of this user from reading this one's ``/proc/<pid>/environ`` and memory (Linux only).

    Root can still read them, so in production ranks must not run as root.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - not needed elsewhere

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        log.warning("other processes of this user can read the environment of this one")

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.unit.local_stack.test_child_process import STUBBORN, eventually


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")
def test_a_child_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from local_stack.child_process import Child\n"
        f"child = Child('stubborn', {STUBBORN!r}, {{}}, Path({str(tmp_path)!r}))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        log = tmp_path / "stubborn.log"
        assert eventually(lambda: log.exists() and "here" in log.read_text())
        parent.kill()
    assert eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)

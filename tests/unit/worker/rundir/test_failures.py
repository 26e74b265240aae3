import errno
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.status import Reason
from worker.rundir import directory
from worker.rundir.failures import failed_devices, reserve
from worker.train.causes import DeviceLostError, explain


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_rank_can_say_that_the_disk_is_full(small_disk: Path) -> None:
    reserve(small_disk, 1)
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(bytes(2 << 20))
    with pytest.raises(OSError, match="No space left"):
        explain(RuntimeError("without room reserved")).write(small_disk, 2)
    explain(OSError(errno.ENOSPC, "No space left on device", "x" * 5000)).write(small_disk, 1)
    (found,) = directory.failures(small_disk)
    assert found["reason"] == Reason.DISK_FULL


def test_devices_that_failed_are_those_that_ranks_of_the_group_name(tmp_path: Path) -> None:
    further = tmp_path / "group-1"
    further.mkdir()
    explain(DeviceLostError("gone"), device=0).write(further, 0)
    explain(DeviceLostError("gone"), device=3).write(tmp_path, 3)
    explain(ValueError("no device"), device=2).write(tmp_path, 2)
    assert failed_devices(tmp_path) == {3}
    assert json.loads((further / "failure-0.json").read_text())["device"] == 0

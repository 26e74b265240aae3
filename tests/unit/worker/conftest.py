from pathlib import Path

import pytest


@pytest.fixture
def rank(tmp_path: Path) -> Path:
    """Standard output of rank 0."""
    folder = tmp_path / "logs" / "job_x" / "attempt_0" / "0"
    folder.mkdir(parents=True)
    return folder / "stdout.log"

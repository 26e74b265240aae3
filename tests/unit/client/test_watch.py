import io

import pytest
from rich.console import Console

from clr_client.display.formatting import duration, failure
from clr_client.display.progress import watching
from tests.unit.client.documents import JOB_ID, job


def test_piped_a_job_is_plain_lines_and_only_news() -> None:
    console = Console(file=io.StringIO(), width=40)
    with watching(console) as update:
        update(job(status="queued", reason="no_matching_worker", progress=None, latest=None))
        update(job())
        update(job())
        update(job(status="succeeded"))
    assert isinstance(console.file, io.StringIO)
    numbers = "step 35/100  loss 1.2  lr 0.31  momentum 0.87  val accuracy 53.0 %  samples/s 5,120  ETA 1:01"
    assert console.file.getvalue().splitlines() == [
        f"{JOB_ID}  queued (no_matching_worker)",
        f"{JOB_ID}  running  {numbers}",
        f"{JOB_ID}  succeeded  {numbers}",
    ]


def test_in_a_terminal_a_job_is_a_bar_with_numbers_below() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=140, color_system=None)
    with watching(console) as update:
        update(job(attempt=2))
    assert isinstance(console.file, io.StringIO)
    picture = console.file.getvalue()
    for part in ("train running", "35%", "step 35/100", "loss 1.2", "momentum 0.87", "ETA 1:01", "attempt 2"):
        assert part in picture


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "-"), (0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1:00"), (3599.4, "59:59"), (3661, "1:01:01")],
)
def test_durations_are_short(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_a_failure_is_told_with_or_without_a_detail() -> None:
    assert failure(job(status="cancelled", kind="lr_find")) == f"{JOB_ID} cancelled"
    assert failure(job(kind="lr_find", error={"message": "why"})).endswith("\nwhy")

import io

import pytest
from rich.console import Console

from clr_client.display.progress import watching
from tests.unit.documents import JOB_ID, job


@pytest.mark.parametrize("height", [40, 10])
def test_a_terminal_shows_the_curve_as_it_grows_where_it_has_room(height: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=140, height=height, color_system=None)
    asked: list[str] = []

    def draw(_job: object) -> str:
        asked.append("")
        return "THE CURVE"

    with watching(console, draw) as update:
        update(job())
        update(job())
        update(job(status="succeeded", is_terminal=True))
    assert isinstance(console.file, io.StringIO)
    assert ("THE CURVE" in console.file.getvalue()) == (height == 40)
    assert len(asked) == (2 if height == 40 else 0), "once a second, and at the end"


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

import pytest

from clr_client.display.formatting import duration, failure
from tests.unit.documents import JOB_ID, job


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "-"), (0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1:00"), (3599.4, "59:59"), (3661, "1:01:01")],
)
def test_durations_are_short(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_a_failure_is_told_with_or_without_a_detail() -> None:
    assert failure(job(status="cancelled", kind="lr_find")) == f"{JOB_ID} cancelled"
    assert failure(job(kind="lr_find", error={"message": "why"})).endswith("\nwhy")

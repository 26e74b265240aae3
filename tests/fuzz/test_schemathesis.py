"""Some seconds of ``make fuzz``."""

from collections.abc import Iterator

import pytest

from tests.fuzz.live import ADMIN_KEY, fuzz, serving


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.mark.parametrize("key", [ADMIN_KEY, None], ids=["with a key", "without a key"])
def test_what_the_openapi_document_allows_and_forbids_is_answered_as_it_says(url: str, key: str | None) -> None:
    done = fuzz(url, key=key, examples=2, max_time_s=10, seed=1)
    assert done.status == 0, done.output
    assert done.requests > 0  # how many there is time for depends on the machine; `make fuzz` has thousands
    assert done.server_errors == 0

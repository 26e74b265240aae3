"""A bounded part of ``make fuzz``."""

import pytest

from tests.fuzz.live import ADMIN_KEY, fuzz, serving


@pytest.mark.parametrize("key", [ADMIN_KEY, None], ids=["with a key", "without a key"])
def test_what_the_openapi_document_allows_and_forbids_is_answered_as_it_says(key: str | None) -> None:
    with serving() as url:
        done = fuzz(url, key=key, examples=2, max_time_s=10, seed=1)
    assert done.status == 0, done.output
    assert done.requests > 100
    assert done.server_errors == 0

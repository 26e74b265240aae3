"""Token buckets, with a clock that the test moves."""

from api.access import rate_limit
from api.access.rate_limit import Buckets


def test_a_burst_is_served_and_then_one_each_time_a_token_has_come_back() -> None:
    now = 0.0
    buckets = Buckets(2.0, 3, clock=lambda: now)
    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("bob") == 0
    now = 0.5
    assert buckets.take("ada") == 0
    assert buckets.take("ada") == 0.5
    now = 1000.0
    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 0.5]


def test_many_names_take_no_more_memory_than_is_allowed() -> None:
    buckets = Buckets(1.0, 1, clock=lambda: 0.0)
    for number in range(rate_limit.MOST_BUCKETS + 10):
        buckets.take(str(number))
    assert len(buckets._levels) == rate_limit.MOST_BUCKETS
    assert buckets.take(str(rate_limit.MOST_BUCKETS + 9)) == 1

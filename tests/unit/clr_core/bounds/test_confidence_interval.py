import math

import pytest

from clr_core.bounds import suggest_bounds
from clr_core.bounds.confidence_interval import RULE_ERROR, half_width
from clr_core.errors import InvalidArgumentError
from tests.unit.clr_core.bounds.test_suggest import curve

GOOD = {"fall": -2.5, "edge": 0.0}


def test_a_higher_level_gives_a_wider_interval() -> None:
    narrow, wide = (suggest_bounds(curve(GOOD), level=level).max_lr_interval for level in (0.5, 0.95))
    assert narrow is not None
    assert wide is not None
    assert wide.low < narrow.low
    assert narrow.high < wide.high


def test_more_replicas_narrow_the_interval_but_never_below_the_error_of_the_rule() -> None:
    one, three, ten = (
        half_width([-1.0], [0.2], 0.9),
        half_width([-1.0, -1.1, -0.9], [0.2] * 3, 0.9),
        half_width([-1.0, -1.1, -0.9, -1.05, -0.95] * 2, [0.2] * 10, 0.9),
    )
    assert one > three > ten > 1.6 * RULE_ERROR


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, math.nan])
def test_an_illegal_level_is_refused(level: float) -> None:
    with pytest.raises(InvalidArgumentError, match="level"):
        suggest_bounds(curve(GOOD), level=level)

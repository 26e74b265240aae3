"""Hostile curves: each gets a typed refusal or a sane answer."""

import json
import math
import random

import pytest

from clr_core.bounds import Curve, suggest_bounds
from clr_core.errors import InvalidArgumentError

RATES = [1e-6 * 1.17**k for k in range(100)]
_RANDOM = random.Random(1)
NOISE = [0.05 * _RANDOM.gauss(0, 1) for _ in RATES]


def fall_and_explosion(k: int) -> float:
    return 2.3 - 1.8 / (1 + math.exp(-(k - 55) / 5)) if k < 85 else 2.3 * 1.6 ** (k - 82)


CLEAN = [fall_and_explosion(k) for k in range(100)]
GOOD = [loss + noise for loss, noise in zip(CLEAN, NOISE, strict=True)]

NAN, INF = math.nan, math.inf

NEIGHBOURS = [1e-3]

while len(NEIGHBOURS) < 100:
    NEIGHBOURS.append(math.nextafter(NEIGHBOURS[-1], 1.0))

VALLEYS = [2.3 - 1.5 * math.exp(-(((k - 45) / 6) ** 2)) - 1.6 * math.exp(-(((k - 75) / 6) ** 2)) for k in range(100)]


def changed(changes: dict[int, float]) -> list[float]:
    return [changes.get(k, loss) for k, loss in enumerate(GOOD)]


REFUSED = {
    "empty": ([], []),
    "rates that fall": (RATES[::-1], GOOD),
    "a rate of zero": ([0.0, *RATES[1:]], GOOD),
    "a negative rate": ([-1.0, *RATES[1:]], GOOD),
    "a rate that is nan": ([NAN, *RATES[1:]], GOOD),
    "an infinite rate": ([*RATES[:-1], INF], GOOD),
    "one rate over and over": ([1e-3] * 100, GOOD),
    "unequal lengths": (RATES, GOOD[:-1]),
}

WITHOUT_BOUNDS = {
    "constant": (RATES, [2.3] * 100, "no_fall"),
    "zero": (RATES, [0.0] * 100, "no_fall"),
    "the largest number": (RATES, [1e308] * 100, "no_fall"),
    "the largest numbers alternating": (RATES, [1e308 * (-1) ** k for k in range(100)], "no_fall"),
    "alternating": (RATES, [1.0 + k % 2 for k in range(100)], "no_fall"),
    "noise": (RATES, NOISE, "no_fall"),
    "nan from the start": (RATES, [NAN] * 100, "all_nonfinite"),
    "a single point": ([1e-3], [2.0], "too_few_points"),
    "two points": (RATES[:2], GOOD[:2], "too_few_points"),
    "nine points": (RATES[:9], GOOD[:9], "too_few_points"),
    "nan after five points": (RATES, GOOD[:5] + [NAN] * 95, "too_few_points"),
    "rising from the first rate": (RATES, [2.3 + 0.1 * k for k in range(100)], "edge_at_once"),
    "rates that are neighbouring numbers": (NEIGHBOURS, GOOD, "edge_at_once"),
    "a range of one ten-thousandth": ([1e-3 * (1 + 1e-6 * k) for k in range(100)], GOOD, "edge_at_once"),
}

SANE = {
    "negative": (RATES, [loss - 100 for loss in GOOD]),
    "huge": (RATES, [min(loss, 4.0) * 4e307 for loss in GOOD]),
    "tiny": (RATES, [loss * 1e-300 for loss in GOOD]),
    "a spike upwards": (RATES, changed({30: 1e6})),
    "a spike on the floor": (RATES, changed({70: 1e6})),
    "a spike downwards": (RATES, changed({20: -1e6})),
    "infinite at the end": (RATES, GOOD[:90] + [INF] * 10),
    "minus infinity at the end": (RATES, GOOD[:90] + [-INF] * 10),
    "nan right after the floor": (RATES, GOOD[:85] + [NAN] * 15),
    "numbers that are integers": ([float(k) for k in range(1, 101)], CLEAN),
    "huge rates": ([1e300 * 1.17**k for k in range(100)], GOOD),
    "a staircase": (RATES, [2.3 - 0.4 * (k // 20) if k < 85 else 50.0 for k in range(100)]),
    "two valleys": (RATES, VALLEYS),
    "two valleys and a nan between them": (RATES, [NAN if k == 60 else loss for k, loss in enumerate(VALLEYS)]),
    "linear rates": ([1e-2 * (k + 1) for k in range(100)], GOOD),
    "every third rate missing": ([RATES[k] for k in range(100) if k % 3], [GOOD[k] for k in range(100) if k % 3]),
    "ten points": (RATES[::10], GOOD[::10]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_curve_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError):
        Curve.of(*REFUSED[name])


@pytest.mark.parametrize("name", WITHOUT_BOUNDS)
def test_a_curve_that_defends_no_bound_gets_none_and_the_reason(name: str) -> None:
    lrs, losses, reason = WITHOUT_BOUNDS[name]
    bounds = suggest_bounds(Curve.of(lrs, losses))
    assert (bounds.base_lr, bounds.max_lr, bounds.grade) == (None, None, "none")
    assert reason in {warning.code for warning in bounds.warnings}
    json.dumps(bounds.to_dict(), allow_nan=False)


@pytest.mark.parametrize("name", SANE)
def test_a_hostile_curve_with_a_fall_gets_bounds_inside_its_rates(name: str) -> None:
    lrs, losses = SANE[name]
    bounds = suggest_bounds(Curve.of(lrs, losses))
    assert bounds.base_lr is not None
    assert bounds.max_lr is not None
    assert 0 < bounds.base_lr < bounds.max_lr <= lrs[-1]
    json.dumps(bounds.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "name", ["negative", "huge", "tiny", "a spike upwards", "a spike downwards", "infinite at the end"]
)
def test_hostile_changes_of_a_good_curve_move_its_bounds_by_less_than_a_fifth(name: str) -> None:
    expected = suggest_bounds(Curve.of(RATES, GOOD)).max_lr
    assert suggest_bounds(Curve.of(*SANE[name])).max_lr == pytest.approx(expected, rel=0.2)

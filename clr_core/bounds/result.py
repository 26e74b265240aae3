"""The answer of a bounds suggestion: the bounds, their confidence, and the reasons for it."""

from dataclasses import dataclass
from typing import Any, Literal

Grade = Literal["high", "medium", "low", "none"]
WarningCode = Literal[
    "all_nonfinite",
    "edge_at_once",
    "edge_not_seen",
    "lagging_statistics",
    "no_fall",
    "noisy",
    "plateau",
    "range_too_high",
    "range_too_narrow",
    "rates_too_small",
    "replicas_disagree",
    "replicas_without_bounds",
    "too_few_points",
    "unsteady",
]


@dataclass(frozen=True, slots=True)
class BoundsWarning:
    """One reason to trust a suggestion less.

    Attributes:
        code: Stable, machine-readable word; ``docs/bounds.md`` lists them all.
        message: One or two sentences: what was seen, and what to do about it.
    """

    code: WarningCode
    message: str


@dataclass(frozen=True, slots=True)
class LrInterval:
    """A range of rates, both ends included: 0 < ``low`` <= ``high``."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """What another rule says about the same curves: rule name and its rate for ``max_lr``."""

    method: str
    lr: float


@dataclass(frozen=True, slots=True)
class LossMinimum:
    """Lowest smoothed loss of the sweep and the rate at which it was seen."""

    lr: float
    loss: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the answer stands on.

    Attributes:
        points: Finite losses, over all curves.
        lr_range: Smallest and largest rate that was tried.
        loss_min: Lowest smoothed loss, median over the curves; None if no curve has a finite loss.
        diverged_at: Rate at which the sweep blew up, median over the curves that did; None if most did not.
    """

    points: int
    lr_range: tuple[float, float]
    loss_min: LossMinimum | None
    diverged_at: float | None


@dataclass(frozen=True, slots=True)
class LrBounds:
    """Bounds of a cycle, read from one or several range tests.

    Always either ``base_lr`` = ``max_lr`` = None and grade ``none`` (no bound can be defended), or
    0 < base_lr < max_lr <= the largest rate that was tried.

    Attributes:
        base_lr: Foot of the cycle, or None.
        max_lr: Peak of the cycle, or None.
        grade: ``high``, ``medium``, ``low`` or ``none``.
        level: Level of the two intervals, e.g. 0.9.
        replicas: Number of curves that took part.
        base_lr_interval: Interval of ``base_lr``, or None.
        max_lr_interval: Interval of ``max_lr``, or None.
        method: Rule, and its branch, that gave ``max_lr``; ``none`` without bounds.
        alternatives: What the other rules say.
        evidence: What the answer stands on.
        warnings: Reasons for caution.
    """

    base_lr: float | None
    max_lr: float | None
    grade: Grade
    level: float
    replicas: int
    base_lr_interval: LrInterval | None
    max_lr_interval: LrInterval | None
    method: str
    alternatives: tuple[Alternative, ...]
    evidence: Evidence
    warnings: tuple[BoundsWarning, ...]

    def to_dict(self) -> dict[str, Any]:
        """The mathematical part of the service's ``lr_bounds`` object; plain JSON, no NaN, no infinity.

        Returns:
            Keys ``bounds`` (None without bounds), ``confidence``, ``method``, ``alternatives``, ``evidence``,
            ``warnings``.
        """
        has_bounds = self.max_lr is not None
        minimum = self.evidence.loss_min
        return {
            "bounds": {"base_lr": self.base_lr, "max_lr": self.max_lr} if has_bounds else None,
            "confidence": {
                "grade": self.grade,
                "level": self.level,
                "replicas": self.replicas,
                "base_lr": _interval_dict(self.base_lr_interval),
                "max_lr": _interval_dict(self.max_lr_interval),
            },
            "method": self.method,
            "alternatives": [{"method": each.method, "lr": each.lr} for each in self.alternatives],
            "evidence": {
                "points": self.evidence.points,
                "lr_range": list(self.evidence.lr_range),
                "loss_min": None if minimum is None else {"lr": minimum.lr, "loss": minimum.loss},
                "diverged_at": self.evidence.diverged_at,
            },
            "warnings": [{"code": each.code, "message": each.message} for each in self.warnings],
        }


def _interval_dict(interval: LrInterval | None) -> dict[str, float] | None:
    return None if interval is None else {"low": interval.low, "high": interval.high}


class NoBoundsError(ValueError):
    """The curve defends no bound.

    Attributes:
        warnings: The reasons.
    """

    def __init__(self, warnings: tuple[BoundsWarning, ...]) -> None:
        super().__init__(warnings)
        self.warnings = warnings

    def __str__(self) -> str:
        """All reasons in one line."""
        return "; ".join(f"{each.code}: {each.message}" for each in self.warnings) or "no defensible bound"


def refusal(code: WarningCode, message: str) -> NoBoundsError:
    """The error of a rule with a single reason."""
    return NoBoundsError((BoundsWarning(code, message),))

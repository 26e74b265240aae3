"""Bounds of a cycle from the curves of range tests.

``suggest_bounds`` is the way in; ``lr_bounds`` the same for two plain lists; ``NAMED_RULES`` the rules of
others.
"""

from clr_core.bounds.curve import Curve
from clr_core.bounds.literature_rules import NAMED_RULES
from clr_core.bounds.replicas import MedianCurve, merge
from clr_core.bounds.result import (
    Alternative,
    BoundsWarning,
    Evidence,
    Grade,
    LossMinimum,
    LrBounds,
    LrInterval,
    NoBoundsError,
    WarningCode,
)
from clr_core.bounds.suggest import lr_bounds, suggest_bounds
from clr_core.bounds.training import UNKNOWN, Training

__all__ = [
    "NAMED_RULES",
    "UNKNOWN",
    "Alternative",
    "BoundsWarning",
    "Curve",
    "Evidence",
    "Grade",
    "LossMinimum",
    "LrBounds",
    "LrInterval",
    "MedianCurve",
    "NoBoundsError",
    "Training",
    "WarningCode",
    "lr_bounds",
    "merge",
    "suggest_bounds",
]

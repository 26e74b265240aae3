"""Why there are no bounds."""

from clr_core.bounds.result import BoundsWarning, WarningCode


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

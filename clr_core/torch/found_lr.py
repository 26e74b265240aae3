"""What `find_lr` found: bounds, curves, a plot, a schedule."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal

from torch.optim import Optimizer

from clr_core.bounds import BoundsWarning, Curve, Grade, LrBounds, LrInterval, NoBoundsError, merge
from clr_core.errors import InvalidArgumentError
from clr_core.schedules import one_cycle, scaled, validation
from clr_core.torch.scheduler import ScheduledLR, initial_lr

_MOMENTA: Final = {"base_momentum": 0.85, "max_momentum": 0.95}  # Smith's


@dataclass(frozen=True, slots=True)
class FoundLR:
    """The answer of `find_lr`.

    Attributes:
        bounds: Bounds, grade, intervals, evidence, warnings and what other rules say.
        curves: One for each sweep, up to the step at which it diverged.
        highest_lr: The highest LR of all groups of all optimizers, as they were built: its group takes ``max_lr``.
    """

    bounds: LrBounds
    curves: tuple[Curve, ...] = field(repr=False)
    highest_lr: float

    @property
    def base_lr(self) -> float | None:
        """Foot of a cycle; None where no bound can be defended."""
        return self.bounds.base_lr

    @property
    def max_lr(self) -> float | None:
        """Peak of a cycle; None where no bound can be defended."""
        return self.bounds.max_lr

    @property
    def interval(self) -> LrInterval | None:
        """Interval of ``max_lr``."""
        return self.bounds.max_lr_interval

    @property
    def grade(self) -> Grade:
        """``high``, ``medium``, ``low`` or ``none``."""
        return self.bounds.grade

    @property
    def warnings(self) -> tuple[BoundsWarning, ...]:
        """Reasons for caution, each with what to do about it."""
        return self.bounds.warnings

    def one_cycle(self, optimizer: Optimizer, *, total_steps: int, **options: Any) -> ScheduledLR:
        """Return Smith's 1cycle with ``max_lr`` as its peak, in front of an optimizer.

        Momentum is cycled between 0.85 and 0.95 where the optimizer has any. The ratios between groups, and between
        this optimizer and others that the range test had, are kept.

        Args:
            optimizer: One of those that the range test had, or one built as they were.
            total_steps: Updates of the training.
            options: More arguments of `clr_core.schedules.one_cycle`.

        Raises:
            NoBoundsError: There is no ``max_lr``.
            InvalidArgumentError: An argument outside its range.
        """
        if self.max_lr is None:
            raise NoBoundsError(self.warnings)
        momenta = _MOMENTA if all(has_momentum(group) for group in optimizer.param_groups) else {}
        schedule = one_cycle(self.max_lr, total_steps, **(momenta | options))
        share = max(initial_lr(group) for group in optimizer.param_groups) / self.highest_lr if self.highest_lr else 1.0
        return ScheduledLR(optimizer, schedule if share in (0.0, 1.0) else scaled(schedule, share))

    def save(self, path: str | Path) -> None:
        """Write bounds and curves as JSON; losses that are not finite become null."""
        curves = [
            {"lrs": list(curve.lrs), "losses": [loss if math.isfinite(loss) else None for loss in curve.losses]}
            for curve in self.curves
        ]
        document = {"object": "lr_bounds", **self.bounds.to_dict(), "curves": curves}
        Path(path).write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def plot(self, backend: Literal["matplotlib", "plotly"] = "matplotlib") -> Any:
        """Return a figure of the curves over the LR, with ``max_lr``, its interval and ``base_lr``.

        Raises:
            ImportError: The library is not installed.
            InvalidArgumentError: The backend is not one of the two.
        """
        return _BACKENDS[validation.one_of("backend", backend, _BACKENDS)](self)

    def _shown(self) -> tuple[list[Curve], tuple[float, float]]:
        """The finite part of each curve, and the losses worth showing: not the explosion."""
        finite = [part for curve in self.curves if (part := curve.finite_part()) is not None]
        if not finite:
            raise InvalidArgumentError("curves", "no finite loss", "curves with finite losses, to be plotted")
        median = merge(finite).losses or finite[0].losses
        low, start = min(median), median[0]
        margin = max(start - low, 1e-3 * abs(start), 1e-12) / 2
        return finite, (low - margin, start + margin)


def has_momentum(group: dict[str, Any]) -> bool:
    """Return whether the group has a momentum or beta1 to cycle."""
    return "betas" in group or bool(group.get("momentum"))


def _with_matplotlib(found: FoundLR) -> Any:
    figure = _imported("matplotlib.figure").Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    curves, span = found._shown()  # noqa: SLF001 - part of the class
    for curve in curves:
        axes.plot(curve.lrs, curve.losses, color="tab:blue", alpha=0.4, linewidth=1)
    if found.interval is not None and found.max_lr is not None and found.base_lr is not None:
        axes.axvspan(found.interval.low, found.interval.high, color="tab:orange", alpha=0.2)
        axes.axvline(found.max_lr, color="tab:orange", label=f"max_lr {found.max_lr:.3g}")
        axes.axvline(found.base_lr, color="tab:green", label=f"base_lr {found.base_lr:.3g}")
        axes.legend()
    axes.set(xscale="log", ylim=span, xlabel="learning rate", ylabel="loss", title=_title(found))
    return figure


def _with_plotly(found: FoundLR) -> Any:
    figure = _imported("plotly.graph_objects").Figure()
    curves, span = found._shown()  # noqa: SLF001 - part of the class
    for number, curve in enumerate(curves):
        figure.add_scatter(x=curve.lrs, y=curve.losses, name=f"sweep {number + 1}", opacity=0.5)
    if found.interval is not None and found.max_lr is not None and found.base_lr is not None:
        figure.add_vrect(x0=found.interval.low, x1=found.interval.high, fillcolor="orange", opacity=0.2, line_width=0)
        figure.add_vline(x=found.max_lr, line_color="orange", annotation_text=f"max_lr {found.max_lr:.3g}")
        figure.add_vline(x=found.base_lr, line_color="green", annotation_text=f"base_lr {found.base_lr:.3g}")
    figure.update_xaxes(type="log", title="learning rate")
    figure.update_yaxes(range=span, title="loss")
    figure.update_layout(title=_title(found))
    return figure


_BACKENDS: Final[dict[str, Callable[[FoundLR], Any]]] = {"matplotlib": _with_matplotlib, "plotly": _with_plotly}


def _title(found: FoundLR) -> str:
    return f"LR range test, {len(found.curves)} sweeps, grade {found.grade}"


def _imported(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ImportError(f"plot needs {library}: pip install {library}", name=library) from error

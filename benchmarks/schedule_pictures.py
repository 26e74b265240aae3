"""Draw the pictures of docs/schedules.md, each from the schedule itself.

python -m benchmarks.schedule_pictures [--out docs/pictures/schedules]
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

from clr_core.schedules import (
    BatchSizeSchedule,
    Schedule,
    constant,
    constant_batch_size,
    cosine,
    exp_range,
    exponential,
    linear,
    one_cycle,
    one_cycle_two_phase,
    piecewise,
    polynomial,
    scaled,
    sequence,
    triangular,
    triangular2,
    warm_restarts,
    warm_start_batch_size,
    warmup,
    wsd,
)

STEPS = 1_000
MOMENTUM: dict[str, Any] = {"base_momentum": 0.85, "max_momentum": 0.95}
SCHEDULES: dict[str, Schedule] = {
    "constant": constant(0.1),
    "piecewise": piecewise(0.1, [500, 750]),
    "linear": linear(0.1, STEPS),
    "cosine": cosine(0.1, STEPS),
    "wsd": wsd(0.1, STEPS, warmup_steps=50, decay_steps=200),
    "exponential": exponential(0.1, 0.997),
    "polynomial": polynomial(0.1, STEPS, 2.0),
    "warm_restarts": warm_restarts(0.1, 143, 2),
    "triangular": triangular(0.1, 0.8, 125, **MOMENTUM),
    "triangular2": triangular2(0.1, 0.8, 125, **MOMENTUM),
    "exp_range": exp_range(0.1, 0.8, 125, 0.998, **MOMENTUM),
    "one_cycle": one_cycle(0.8, STEPS, annihilation_fraction=13 / 95, **MOMENTUM),
    "one_cycle_two_phase": one_cycle_two_phase(0.8, STEPS, **MOMENTUM),
    "warmup": warmup(piecewise(0.8, [500, 750]), 100, 1 / 8),
    "scaled": scaled(cosine(0.1, STEPS), 8),
    "sequence": sequence(
        [
            (16_000, triangular(0.001, 0.005, 2_000)),
            (6_000, triangular(0.0001, 0.0005, 1_000)),
            (3_000, triangular(0.00001, 0.00005, 500)),
        ]
    ),
}
BATCH_SIZES: dict[str, BatchSizeSchedule] = {
    "constant_batch_size": constant_batch_size(512),
    "warm_start_batch_size": warm_start_batch_size(512, 64, 200),
}
LOGARITHMIC = {"sequence"}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "schedules", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3, "lines.linewidth": 1.4,
}  # fmt: skip


def panels(name: str) -> list[tuple[str, Any]]:
    """Return what a picture shows: (label, values), one or two of them."""
    if name in BATCH_SIZES:
        return [("batch size", BATCH_SIZES[name].curve(STEPS))]
    schedule = SCHEDULES[name]
    steps = max(schedule.total_steps or 0, STEPS)
    momentum = schedule.momentum_curve(steps)
    return [("learning rate", schedule.curve(steps))] + ([] if momentum is None else [("momentum", momentum)])


def draw(name: str, out: Path) -> None:
    shown = panels(name)
    figure, axes = plt.subplots(1, len(shown), figsize=(3.4 * len(shown), 1.9), layout="constrained", squeeze=False)
    for axis, (label, values), colour in zip(axes[0], shown, ("C0", "C1"), strict=False):
        axis.plot(values, color=colour)
        axis.set(xlabel="step", ylabel=label, yscale="log" if name in LOGARITHMIC else "linear")
        if label != "momentum" and name not in LOGARITHMIC:
            axis.set_ylim(bottom=0)
    figure.savefig(out / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=Path("docs/pictures/schedules"))
    out = arguments.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        for name in (*SCHEDULES, *BATCH_SIZES):
            draw(name, out)


if __name__ == "__main__":
    main()

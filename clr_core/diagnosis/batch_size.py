"""Advice on the batch size from the gradient noise scale: the critical batch size, and the gain from more ranks."""

import math
from typing import Any, Final

from clr_core.noise_scale import NoiseScale, adascale_gain

LEVEL: Final = 0.9
FEWEST: Final = 10  # measurements: with fewer the standard error itself is not known
NEXT: Final = 2  # times as many ranks: the next world size that keeps halves and quarters whole


def diagnose_batch_size(scale: NoiseScale, *, global_batch_size: int, world_size: int) -> dict[str, Any]:
    """The critical batch size and what follows from it, as a document of JSON's types.

    ``critical_batch_size`` is B_simple = S / |G|² (McCandlish et al. 2018, arXiv:1812.06162, sections 2.2 and 2.3),
    with its interval, in samples. It stands for B_noise in the paper's model of a whole training at a global batch B:

    * ``steps_over_least`` = 1 + B_noise / B, steps over those of an endless batch (equation 2.7);
    * ``samples_over_least`` = 1 + B / B_noise, samples over those of the smallest batch.

    ``next_world_size`` says what twice the ranks, each with its batch of today, bring: AdaScale's gain, the factor by
    which steps get fewer (Johnson et al. 2020, arXiv:2007.05105); 1 is nothing, 2 is all that linear scaling promises.

    Holds for weights, rate and batch of the steps that the average remembers: the noise scale grows while a training
    learns, by a factor of ten and more.

    Args:
        scale: The averages at the end of a training.
        global_batch_size: B, samples.
        world_size: Ranks.

    Returns:
        ``critical_batch_size`` is None, with a ``reason``, where it cannot be told. An end of its interval that is
        infinite is None.
    """
    document: dict[str, Any] = {
        "critical_batch_size": None, "low": None, "high": None, "level": LEVEL, "measurements": scale.measurements,
        "gradient_signal": _finite(scale.signal.mean), "gradient_noise": _finite(scale.noise.mean),
        "global_batch_size": global_batch_size, "world_size": world_size, "reason": None,
    }  # fmt: skip
    if scale.measurements < FEWEST:
        return document | {"reason": f"needs {FEWEST} measurements or more, got {scale.measurements}"}
    low, high = scale.interval(LEVEL)
    document |= {"low": _finite(low), "high": _finite(high)}
    value = scale.value
    if not (math.isfinite(value) and value > 0):
        what = "noise hides the gradient" if value > 0 else "the gradient shows no noise"
        return document | {"reason": f"{what}: measure at more steps, or with a larger decay"}
    gain = adascale_gain(value, global_batch_size, NEXT)
    return document | {
        "critical_batch_size": value,
        "steps_over_least": 1 + value / global_batch_size,
        "samples_over_least": 1 + global_batch_size / value,
        "next_world_size": {
            "world_size": NEXT * world_size, "global_batch_size": NEXT * global_batch_size, "adascale_gain": gain,
        },
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

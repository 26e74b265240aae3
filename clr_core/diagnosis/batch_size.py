"""Advice on the batch size from the gradient noise scale: the critical batch size, and the gain from more ranks."""

import math
from typing import Any, Final

from clr_core.noise_scale import NoiseScale, adascale_gain

LEVEL: Final = 0.9
FEWEST: Final = 10  # measurements: with fewer, the standard error is unreliable
NEXT: Final = 2  # times as many ranks: the next world size that keeps halves and quarters whole


def diagnose_batch_size(scale: NoiseScale, *, global_batch_size: int, world_size: int) -> dict[str, Any]:
    """Return the critical batch size and its consequences, as a document of JSON types.

    ``critical_batch_size`` is B_simple = S / |G|² (McCandlish et al. 2018, arXiv:1812.06162, sections 2.2 and 2.3),
    with its interval, in samples. It stands for B_noise in the paper's model of a whole training at a global batch B:

    * ``steps_over_least`` = 1 + B_noise / B, steps over those of an endless batch (equation 2.7);
    * ``samples_over_least`` = 1 + B / B_noise, samples over those of the smallest batch.

    ``next_world_size`` is the gain from twice the ranks at the same batch per rank: AdaScale's gain, the factor by
    which the number of steps falls (Johnson et al. 2020, arXiv:2007.05105); 1 is no gain, 2 is that of linear scaling.

    It holds for the weights, rate and batch size of the averaged steps: the noise scale grows during training, by a
    factor of ten and more.

    Args:
        scale: The averages at the end of a training.
        global_batch_size: B, samples.
        world_size: Ranks.

    Returns:
        ``critical_batch_size`` is None, with a ``reason``, if it cannot be determined. An infinite end of its interval
        is None.
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

"""Random states of a rank: Python, numpy, torch on the CPU and on the device, as one tensor of bytes.

As tensors they can be gathered from all ranks at once and loaded with ``weights_only=True``.
"""

import random
import struct
from typing import Any

import numpy as np
import torch
from torch import Tensor

_PYTHON_WORDS = 625  # state of the Mersenne Twister, and the position in it
_NUMPY_WORDS = 624


def capture(device: torch.device) -> dict[str, Tensor]:
    """Return the current states, each ``[n] uint8`` on the CPU, with equal shapes on every rank."""
    states = {"python": _python(), "numpy": _numpy(), "torch": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def put_back(states: dict[str, Tensor], device: torch.device) -> None:
    """Restore the states that `capture` returned."""
    _put_back_python(states["python"].cpu())
    _put_back_numpy(states["numpy"].cpu())
    torch.set_rng_state(states["torch"].cpu())
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"].cpu(), device)


def _python() -> Tensor:
    _, words, gauss = random.getstate()
    return _bytes([*words, gauss is not None, _as_int(gauss or 0.0)])


def _put_back_python(state: Tensor) -> None:
    values = _integers(state)
    gauss = _as_float(values[-1]) if values[-2] else None
    random.setstate((3, tuple(values[:_PYTHON_WORDS]), gauss))


def _numpy() -> Tensor:
    state: Any = np.random.get_state(legacy=False)
    twister = state["state"]
    return _bytes([*map(int, twister["key"]), twister["pos"], state["has_gauss"], _as_int(state["gauss"])])


def _put_back_numpy(state: Tensor) -> None:
    values = _integers(state)
    key = np.array(values[:_NUMPY_WORDS], dtype=np.uint32)
    place, has_gauss, gauss = values[_NUMPY_WORDS:]
    np.random.set_state(("MT19937", key, place, has_gauss, _as_float(gauss)))


def _bytes(values: list[int]) -> Tensor:
    return torch.tensor(values, dtype=torch.int64).view(torch.uint8)


def _integers(state: Tensor) -> list[int]:
    return state.contiguous().view(torch.int64).tolist()


def _as_int(value: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


def _as_float(value: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", value))[0])

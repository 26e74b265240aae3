import weakref

import pytest

from worker.train.causes import DeviceLostError
from worker.train.process_group import join_process_group


class Held:
    """Stands for a model."""


def test_an_error_holds_no_model_when_the_process_group_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    seen: list[weakref.ref[Held]] = []

    def train() -> None:
        model = Held()
        seen.append(weakref.ref(model))
        raise ValueError("no such step")

    with pytest.raises(ValueError, match="no such step"), join_process_group():
        train()
    assert seen[0]() is None


def test_a_rank_whose_cuda_device_is_gone_does_not_take_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DeviceLostError, match="CUDA device 1, and CUDA says that there is none"):  # noqa: SIM117
        with join_process_group(on_cuda=True):
            raise AssertionError("it has joined")

import pytest

from worker.slots import Slots


def test_slots_are_handed_out_once() -> None:
    slots = Slots(4)
    first, second = slots.take(2), slots.take(2)
    assert (first, second, slots.free) == ((0, 1), (2, 3), 0)
    with pytest.raises(ValueError, match="1 slots asked for, 0 of 4 are free"):
        slots.take(1)
    slots.give_back(first)
    assert slots.take(1) == (0,)

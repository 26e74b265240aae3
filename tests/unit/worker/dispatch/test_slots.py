import pytest

from worker.dispatch.slots import Slots


def test_slots_are_handed_out_once() -> None:
    slots = Slots(4)
    first, second = slots.take(2), slots.take(2)
    assert (first, second, slots.free) == ((0, 1), (2, 3), 0)
    with pytest.raises(ValueError, match="1 slots asked for, 0 of 4 are free"):
        slots.take(1)
    slots.give_back(first)
    assert slots.take(1) == (0,)


def test_a_slot_in_quarantine_comes_back_when_it_is_usable_and_may_be_taken_meanwhile_by_nobody() -> None:
    slots, usable = Slots(2), False
    device = slots.take(1)
    slots.quarantine(device, lambda: usable)
    slots.release()
    assert (slots.free, slots.usable, slots.quarantined) == (1, 1, [0])
    usable = True
    slots.release()
    assert (slots.free, slots.usable, slots.quarantined) == (2, 2, [])


def test_slots_are_handed_out_while_one_in_quarantine_is_asked() -> None:
    slots = Slots(2)

    def is_usable() -> bool:
        return slots.take(1) == (1,)  # a probe that takes its time, and a job that comes meanwhile

    slots.quarantine(slots.take(1), is_usable)
    slots.release()
    assert slots.take(1) == (0,)

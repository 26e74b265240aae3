import pytest

from clr_core.errors import InvalidArgumentError
from clr_core.schedules import constant_batch_size, warm_start_batch_size
from clr_core.schedules.batch_size import BatchSizeSchedule


def test_batch_sizes_are_what_was_asked_for() -> None:
    assert [constant_batch_size(64).batch_size_at(step) for step in (0, 10**6)] == [64, 64]
    warm = warm_start_batch_size(1024, 64, 3)
    assert [warm.batch_size_at(step) for step in range(5)] == warm.curve(5).tolist() == [64, 64, 64, 1024, 1024]


@pytest.mark.parametrize("sizes", [constant_batch_size(7), warm_start_batch_size(20, 3, 11)])
def test_samples_before_a_step_are_the_sum_and_steps_for_samples_the_inverse(
    sizes: BatchSizeSchedule,
) -> None:
    total = 0
    for step in range(30):
        assert sizes.samples_before(step) == total
        assert sizes.steps_for(total) == step
        total += sizes.batch_size_at(step)
        assert sizes.steps_for(total - 1) == step + 1
    with pytest.raises(InvalidArgumentError):
        sizes.samples_before(-1)

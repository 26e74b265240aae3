from pathlib import Path

from worker.rundir.activity import FIRST_STEPS, Activity, ActivityRecord


def test_rank_0_says_what_it_is_at_and_a_step_is_one_after_the_first_few(tmp_path: Path) -> None:
    activity = Activity()
    activity.step_ended()  # nobody has asked
    assert ActivityRecord.read(tmp_path) is None
    activity.begin(tmp_path)
    phases = []
    for _ in range(FIRST_STEPS + 1):
        activity.step_ended()
        told = ActivityRecord.read(tmp_path)
        assert told is not None
        phases.append(told.phase)
    assert phases == ["first_steps"] * FIRST_STEPS + ["step"]
    activity.at("evaluation")
    told = ActivityRecord.read(tmp_path)
    assert told is not None
    assert (told.phase, told.count) == ("evaluation", 4)

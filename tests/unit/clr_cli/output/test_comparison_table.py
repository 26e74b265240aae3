from clr_cli.output.comparison_table import comparison_table
from tests.unit.documents import arm, run, spread


def test_the_table_shows_medians_the_arms_that_never_arrive_and_the_runs_that_were_lost() -> None:
    error = {"code": "diverged", "message": "the training loss became nan"}
    never = arm(
        "linear (equal budget)", steps_to_target=spread(None, None, None), update_ratio=spread(None, None, 2.0),
        runs=[run(0), run(1), run(2, status="failed", reason="diverged", error=error)],
    )  # fmt: skip
    difference = {"arm": "linear (equal budget)", "difference": spread(0.012, -0.01, 0.02)}
    text = comparison_table(
        {
            "job_id": "job_1", "is_final": False, "reference": "slow", "arms": [arm("fast"), never],
            "target": {"metric": "val_accuracy", "value": None, "final_of": "slow"}, "seconds_are": "of training",
            "equal_budget": {"arm": "fast", "differences": [difference]},
        }
    )  # fmt: skip
    flat = " ".join(text.split())
    for words in (
        "so far", "8.1 (6 to 9)", "0.8 (0.7 to 0.9)", "never", "- (- to 2, 1 of 3)", "2 of 3",
        "fast minus linear (equal budget): 0.012 (-0.01 to 0.02)", "seed 2", "failed (diverged)",
        "the training loss became nan", "where slow ends", "Seconds: of training.",
    ):  # fmt: skip
        assert words in flat, words

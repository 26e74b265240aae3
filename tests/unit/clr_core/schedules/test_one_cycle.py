from clr_core.schedules import one_cycle


def test_smiths_resnet_56_run_has_its_boundaries_at_epochs_41_82_and_95() -> None:
    """Arguments of arXiv 1803.09820: 0.08 to 0.8 to 0.08, then to 0.0008; 98 updates to an epoch of batch 512."""
    run = one_cycle(0.8, 95 * 98, annihilation_fraction=13 / 95, base_momentum=0.85, max_momentum=0.95)
    expected = {0: (0.08, 0.95), 41 * 98: (0.8, 0.85), 82 * 98: (0.08, 0.95), 95 * 98 - 1: (0.0008, 0.95)}
    assert {step: (run.lr_at(step), run.momentum_at(step)) for step in expected} == expected

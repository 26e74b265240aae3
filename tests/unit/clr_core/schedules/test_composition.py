from clr_core.schedules import sequence, triangular


def test_smiths_81_4_percent_is_triangles_inside_of_step_drops() -> None:
    """Table 2 of arXiv 1506.01186: bounds ten times lower and cycles half as long at steps 16,000 and 22,000."""
    recipe = sequence(
        [
            (16_000, triangular(0.001, 0.005, 2_000)),
            (6_000, triangular(0.0001, 0.0005, 1_000)),
            (3_000, triangular(0.00001, 0.00005, 500)),
        ]
    )
    assert recipe.total_steps == 25_000
    peaks = {2_000: 0.005, 14_000: 0.005, 17_000: 0.0005, 21_000: 0.0005, 22_500: 0.00005, 24_500: 0.00005}
    feet = {0: 0.001, 12_000: 0.001, 16_000: 0.0001, 20_000: 0.0001, 22_000: 0.00001, 25_000: 0.00001}
    for step, value in (peaks | feet).items():
        assert recipe.lr_at(step) == value, step

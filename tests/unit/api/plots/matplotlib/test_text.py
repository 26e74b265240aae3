from api.plots.matplotlib.text import power_of_ten


def test_ticks_are_powers_of_ten_in_plain_text() -> None:
    assert [power_of_ten(value) for value in (1e-3, 1.0, 10.0, 0.02)] == ["10⁻³", "10⁰", "10¹", "0.02"]

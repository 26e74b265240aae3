from clr_client.display.text_charts import chart, clip_divergence


def test_a_blow_up_does_not_flatten_the_curve() -> None:
    assert clip_divergence([2.0, 1.0, None, 500.0]) == [2.0, 1.0, None, 2.5]
    assert clip_divergence([1.0, 3.0]) == [1.0, 3.0]
    assert clip_divergence([None]) == [None]


def test_a_chart_leaves_out_what_has_no_place() -> None:
    picture = chart([([0.0, 0.1, 1.0, 10.0], [9.0, 1.0, None, 2.0])], "A title", log_x=True, size=(40, 10))
    assert "A title" in picture
    assert "9.0" not in picture
    assert len(picture.splitlines()) == 10
    assert chart([([], [])], "Nothing")

from local_stack.restart_backoff import RestartBackoff


def test_restarts_back_off_and_are_given_up() -> None:
    restarts = RestartBackoff(gives_up=True)
    assert [restarts.pause_after(0.1) for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, None]


def test_a_part_that_others_can_do_without_is_never_given_up() -> None:
    restarts = RestartBackoff(gives_up=False)
    assert [restarts.pause_after(0.1) for _ in range(200)][4:] == [8.0, 16.0, *[30.0] * 194]


def test_a_minute_of_life_forgives_former_deaths() -> None:
    restarts = RestartBackoff(gives_up=True)
    for _ in range(4):
        restarts.pause_after(0.1)
    assert restarts.pause_after(61.0) == 0.5

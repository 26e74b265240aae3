from pathlib import Path

from worker.rundir import control_files


def test_each_piece_is_taken_once_and_the_lowest_first(tmp_path: Path) -> None:
    assert [control_files.take_piece(tmp_path, 3) for _ in range(4)] == [0, 1, 2, None]


def test_what_is_left_is_what_nobody_has_taken(tmp_path: Path) -> None:
    assert control_files.pieces_left(tmp_path, 2) == 2
    control_files.take_piece(tmp_path, 2)
    assert control_files.pieces_left(tmp_path, 2) == 1

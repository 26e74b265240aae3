"""Logs of ranks on their way to SQL: what is read when, cleaned of secrets and of what would move a cursor."""

import time
from pathlib import Path

import pytest

from jobs.database.records import Line
from tests.unit.worker.log_files import append, texts
from worker.attempt.log_tail import BEHIND_BYTES, MOST_CHARACTERS, PIECE_BYTES, LogTail
from worker.launch.secrets import redaction


def test_lines_say_who_wrote_them_and_where(tmp_path: Path, rank: Path) -> None:
    append(tmp_path / "agent.log", "starting\n")
    append(rank, "hello\n\n")
    append(rank.parent / "stderr.log", "oh\n")
    tail = LogTail(tmp_path, redaction())
    assert tail.read() == [
        Line("agent", "stderr", "starting"), Line("rank0", "stderr", "oh"), Line("rank0", "stdout", "hello"),
    ]  # fmt: skip
    assert tail.read() == []


def test_a_line_that_is_not_whole_waits_until_it_is_or_nothing_comes_any_more(tmp_path: Path, rank: Path) -> None:
    tail = LogTail(tmp_path, redaction())
    append(rank, "one\ntw")
    assert texts(tail.read()) == ["one"]
    append(rank, "o\nthree")
    assert texts(tail.read()) == ["two"]
    assert texts(tail.read(is_last=True)) == ["three"]
    assert tail.read(is_last=True) == []


def test_a_progress_bar_is_one_line_and_no_line_moves_a_cursor(tmp_path: Path, rank: Path) -> None:
    append(rank, "10%\r50%\r100%\r\n\x1b[31mred\x1b[0m\x07\x00\x9b é\tü\n")
    append(rank, b"\xff\xfe bytes\n")
    assert texts(LogTail(tmp_path, redaction()).read()) == ["100%", "red\\x07\\x00\\x9b é\tü", "�� bytes"]


def test_long_lines_are_cut_and_a_flood_is_left_out(tmp_path: Path, rank: Path) -> None:
    tail = LogTail(tmp_path, redaction())
    append(rank, 3 * MOST_CHARACTERS * "x" + "\n")
    assert texts(tail.read()) == [MOST_CHARACTERS * "x" + "…"]
    append(rank, (PIECE_BYTES + 10) * "y")
    assert [len(text) for text in texts(tail.read())] == [MOST_CHARACTERS + 1]
    append(rank, "\nnext\n")
    assert texts(tail.read()) == ["next"]
    append(rank, "z\n" * BEHIND_BYTES)
    first, *rest = texts(tail.read())
    assert first == f"({2 * BEHIND_BYTES - PIECE_BYTES} bytes are left out here: more was written than is kept)"
    assert rest == ["z"] * (PIECE_BYTES // 2 - 1)  # where the rest begins may be within a line


@pytest.mark.parametrize("before", [MOST_CHARACTERS - 10, PIECE_BYTES - 10, BEHIND_BYTES + 1000 - PIECE_BYTES - 10])
def test_no_part_of_a_secret_is_shown_where_a_line_is_cut(tmp_path: Path, rank: Path, before: int) -> None:
    secret = "0123456789abcdefghij"
    append(rank, before * "x" + secret + PIECE_BYTES * "y" + "\rlast\n")
    shown = "".join(texts(LogTail(tmp_path, redaction([secret])).read(is_last=True)))
    assert not any(secret[at : at + 4] in shown for at in range(len(secret) - 3))
    assert shown.endswith("last")


def test_the_time_that_a_line_takes_grows_with_its_length_alone() -> None:
    redact = redaction(["secret-word"])
    for line in ("://" + ":" * 200_000, "://a:" + "a" * 200_000, "clr_-" * 40_000, "://:" * 50_000):
        begun = time.thread_time()
        redact(line)
        assert time.thread_time() - begun < 5  # 34 KB of colons took 23 s, so these took a quarter of an hour
    assert redact("redis://a:b:c@host redis://:::@host redis://a:@host") == (
        "redis://***@host redis://***@host redis://a:@host"
    )

"""Reads the output of the agent and the ranks of an attempt, to be stored in SQL."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final

from jobs.database.records import Line

MOST_CHARACTERS: Final = 2000  # maximum of a line; the rest is cut off
PIECE_BYTES: Final = 256 * 1024  # read from a file at a time
BEHIND_BYTES: Final = 1024 * 1024  # if a file is further ahead than this, a part is left out
_END_OF_LINE = re.compile(rb"[\r\n]")  # the first is where a progress bar begins anew
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")  # escape sequences such as colours, ECMA-48


class LogTail:
    """Reads the lines that were added to the logs of a run directory since the last call.

    Args:
        run_dir: The run directory. It has ``agent.log`` and, below ``logs``, a folder for each rank; so does each
            further group.
        redact: Removes secrets from a line.
    """

    def __init__(self, run_dir: Path, redact: Callable[[str], str]) -> None:
        self._run_dir, self._redact = run_dir, redact
        self._offsets: dict[Path, int] = {}
        self._in_line: set[Path] = set()  # whether the next piece continues a line whose start was shown or left out

    def read(self, *, is_last: bool = False) -> list[Line]:
        """Return the new lines of each agent and its ranks. An incomplete line waits, unless no more will come."""
        found = []
        for folder in (self._run_dir, *sorted(self._run_dir.glob("group-*"))):
            group = "" if folder == self._run_dir else f"{folder.name}/"
            found += [
                Line(f"{group}agent", "stderr", text) for text in self._lines(folder / "agent.log", is_last=is_last)
            ]
            for path in sorted((folder / "logs").glob("*/attempt_*/*/std*.log")):
                source = f"{group}rank{path.parent.name}"
                found += [Line(source, path.stem, text) for text in self._lines(path, is_last=is_last)]
        return found

    def _lines(self, path: Path, *, is_last: bool) -> list[str]:
        lines: list[str] = []
        while piece := self._piece(path, lines):
            end = piece.rfind(b"\n") + 1
            if not end and (is_last or len(piece) == PIECE_BYTES):
                end = len(piece)  # without a line end
            self._offsets[path] += end
            lines += [self._clean(line.decode(errors="replace")) for line in self._whole(path, piece[:end])]
            if len(piece) < PIECE_BYTES and not (is_last and end < len(piece)):
                break
        return [line for line in lines if line]

    def _whole(self, path: Path, piece: bytes) -> list[bytes]:
        """Return the lines of a piece without the rest of an earlier line, which may hold half of a secret."""
        if path in self._in_line:
            end = _END_OF_LINE.search(piece)
            if end is None:
                return []
            piece = piece[end.end() :]
            self._in_line.remove(path)
        if piece and not _END_OF_LINE.match(piece, len(piece) - 1):
            self._in_line.add(path)
        return piece.split(b"\n")

    def _piece(self, path: Path, lines: list[str]) -> bytes:
        offset = self._offsets.setdefault(path, 0)
        try:
            ahead = path.stat().st_size - offset
        except FileNotFoundError:
            return b""
        if ahead > BEHIND_BYTES:
            left_out = ahead - PIECE_BYTES
            lines.append(f"({left_out} bytes are left out here: more was written than is kept)")
            self._offsets[path] = offset = offset + left_out
            self._in_line.add(path)
        if ahead <= 0:
            return b""
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_BYTES)

    def _clean(self, line: str) -> str:
        """Return a line as a terminal would finally show it, without secrets and cursor movements."""
        line = _CONTROL_SEQUENCE.sub("", line.rstrip("\r"))
        line = self._redact(line[line.rfind("\r") + 1 :])  # before it is cut: half of a secret would not be recognised
        shown = line[: MOST_CHARACTERS + 1]
        if not shown.isprintable():
            shown = "".join(repr(char)[1:-1] if _is_control(char) else char for char in shown)
        return shown if len(shown) <= MOST_CHARACTERS else f"{shown[:MOST_CHARACTERS]}…"


def _is_control(char: str) -> bool:
    return char != "\t" and unicodedata.category(char).startswith("C")

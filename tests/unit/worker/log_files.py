"""Log files of ranks, and the lines that are read from them."""

from pathlib import Path

from jobs.database.records import Line


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)

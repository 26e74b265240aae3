"""The architecture decision records: numbered without holes, each with a status and a line in the index."""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
RECORD = r"\[\d{4}\]\(.+\.md\)"
STATUS = re.compile(rf"Status: (?:accepted|superseded by {RECORD})(?:, amend(?:s|ed by) {RECORD})?")


def test_records_are_numbered_without_holes() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]


def test_every_record_begins_with_its_number_and_its_status() -> None:
    wrong = []
    for record in RECORDS:
        title, blank, status, *_ = record.read_text().splitlines()
        if not (title.startswith(f"# {record.name[:4]}. ") and blank == "" and STATUS.fullmatch(status)):
            wrong.append(record.name)
    assert wrong == []


def test_the_index_has_a_line_for_every_record_with_its_title() -> None:
    titles = [record.read_text().partition("\n")[0].removeprefix(f"# {record.name[:4]}. ") for record in RECORDS]
    lines = [line for line in (FOLDER / "README.md").read_text().splitlines() if line.startswith("- [")]
    assert lines == [f"- [{r.name[:4]}]({r.name}) {title}" for r, title in zip(RECORDS, titles, strict=True)]

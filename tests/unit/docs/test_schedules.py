"""docs/schedules.md shows every builder, and its code runs."""

import re
from pathlib import Path

import pytest

import clr_core.schedules
from clr_core.schedules import Schedule

PAGE = Path(__file__).parents[3] / "docs" / "schedules.md"
NO_BUILDERS = {"BatchSizeSchedule", "Schedule", "Track", "steps_of_epochs"}
BUILDERS = sorted(set(clr_core.schedules.__all__) - NO_BUILDERS)


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_builder_has_a_section_with_a_picture(builder: str) -> None:
    section = re.search(
        rf"^### `{builder}`$(.*?)(?=^##|\Z)", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert section is not None
    picture = re.search(r"!\[\]\((.*)\)", section[1])
    assert picture is not None
    assert (PAGE.parent / picture[1]).read_text(encoding="utf-8").startswith("<?xml")


def test_the_code_of_the_page_runs() -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)
    assert isinstance(names["recipe"], Schedule)

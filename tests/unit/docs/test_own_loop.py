"""The code of docs/own_loop.md runs, finds bounds and trains with them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

PAGE = Path(__file__).parents[3] / "docs" / "own_loop.md"


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """Several threads wait for each other on a busy machine, for matrices of this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("_one_thread")
def test_the_code_of_the_page_finds_bounds_and_trains_with_them() -> None:
    names: dict[str, Any] = {}
    script, _, recipes = PAGE.read_text(encoding="utf-8").partition("## Recipes")
    exec("\n".join(blocks(script)), names)
    assert 0.03 < names["found"].max_lr < 3
    assert names["loss"].item() < 0.3
    for recipe in blocks(recipes):
        compile(recipe, "recipe", "exec")


def blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)

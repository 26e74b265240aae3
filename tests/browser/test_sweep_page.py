"""The page of a sweep: its curves over one another, and a table of the bounds."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from clr_client.client import Client
from local_stack.stack import Stack
from tests.browser.conftest import assert_good_looks

OpenPage = Callable[..., Page]

CONDITIONS = {
    "model": {"name": "mlp"},
    "dataset": {"name": "digits"},
    "optimizer": {"name": "sgd", "momentum": 0.9},
    "global_batch_size": 128,
    "world_size": 1,
}


@pytest.fixture(scope="module")
def swept(stack: Stack) -> dict[str, Any]:
    """A sweep over three weight decays that has ended."""
    with Client(stack.url) as client:
        over = {"optimizer.weight_decay": [0.1, 1e-2, 1e-4]}
        spec = {"kind": "sweep", "name": "weight decays", "conditions": CONDITIONS, "over": over}
        job = client.submit({**spec, "range_test": {"steps": 80, "replicas": 1}})
        return dict(client.wait(job["id"]))


def test_each_weight_decay_has_a_curve_and_a_row(stack: Stack, open_page: OpenPage, swept: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{swept['id']}")
    rows = page.locator("#cells tbody tr")
    expect(rows).to_have_count(3)
    for place, decay in enumerate(("0.1", "0.01", "0.0001")):
        expect(page.locator("#sweep-plot .legendtext", has_text=f"weight decay {decay}").first).to_be_visible()
        expect(rows.nth(place).get_by_role("rowheader")).to_have_text(decay)
        expect(rows.nth(place)).to_contain_text("succeeded")


def test_a_row_leads_to_its_range_test_and_back(stack: Stack, open_page: OpenPage, swept: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{swept['id']}")
    page.get_by_role("link", name="Look at weight decay 0.01", exact=True).click()
    page.wait_for_url(f"**/jobs/{swept['children'][1]}")
    expect(page.locator("#about")).to_contain_text("LR range test")
    page.get_by_role("link", name="the job that started it").click()
    page.wait_for_url(f"**/jobs/{swept['id']}")


def test_the_page_fits_and_is_accessible(stack: Stack, open_page: OpenPage, swept: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{swept['id']}")
    expect(page.locator("#cells tbody tr")).to_have_count(3)
    assert_good_looks(page, "#sweep-plot", "sweep")

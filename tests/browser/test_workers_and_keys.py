"""Workers, their slots and what runs in them; keys on a machine of one's own."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from clr_client.client import Client
from local_stack.stack import Stack
from tests.browser.conftest import WIDTHS, assert_accessible, assert_fits, screenshot
from tests.browser.test_jobs_page import training

OpenPage = Callable[..., Page]


def test_slots_show_what_runs_in_them(stack: Stack, client: Client, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/workers")
    expect(page.get_by_text("2 of 2 slots free")).to_be_visible()
    job = client.submit(training("in a slot", 1_000_000))
    try:
        expect(page.locator(".slot.busy a")).to_have_attribute("href", f"/jobs/{job['id']}")
        expect(page.get_by_text("1 of 2 slots free")).to_be_visible()
        screenshot(page, "workers")
    finally:
        client.cancel(job["id"])
    expect(page.get_by_text("2 of 2 slots free")).to_be_visible()


def test_a_worker_is_drained_and_taken_back(stack: Stack, client: Client, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/workers")
    page.get_by_role("button", name="Drain").click()
    expect(page.locator(".worker .status")).to_have_text("drained")
    assert client.workers()["data"][0]["draining"]
    page.get_by_role("button", name="take jobs again").click()
    expect(page.locator(".worker .status")).to_have_text("idle")
    assert not client.workers()["data"][0]["draining"]


@pytest.mark.parametrize("path", ["workers", "keys"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_fit_and_are_accessible(stack: Stack, open_page: OpenPage, path: str, width: int, dark: bool) -> None:
    page = open_page(f"{stack.url}/{path}", width=width, dark=dark)
    expect(page.locator("#loading")).to_be_hidden()
    assert_accessible(page)
    assert_fits(page)

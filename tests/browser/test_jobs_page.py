"""The list of jobs: live, filtered, paged, and with a way to cancel."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from clr_client.client import Client
from local_stack.stack import Stack
from tests.browser.conftest import BROWSED, WIDTHS, assert_accessible, assert_fits, screenshot
from tests.e2e.conftest import running_stack

pytestmark = pytest.mark.usefixtures("ran")
OpenPage = Callable[..., Page]
CONDITIONS: dict[str, Any] = {
    "model": {"name": "mlp"}, "dataset": {"name": "digits"}, "global_batch_size": 64, "world_size": 1,
    "optimizer": {"name": "sgd", "momentum": 0.9},
}  # fmt: skip


def training(name: str, steps: int) -> dict[str, Any]:
    schedule = {"name": "one_cycle", "max_lr": 0.1}
    return {"kind": "train", "name": name, "conditions": CONDITIONS, "schedule": schedule, "steps": steps}


def range_test(name: str, steps: int = 20) -> dict[str, Any]:
    return {"kind": "lr_find", "name": name, "conditions": CONDITIONS, "range_test": {"steps": steps}}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack for the tests of this module, which count the jobs in the list."""
    with running_stack(**BROWSED) as stack:
        yield stack


@pytest.fixture(scope="module")
def ran(stack: Stack) -> str:
    """A range test that has ended, and two trainings, one well and one badly."""
    with Client(stack.url) as client:
        job = client.submit(range_test("a quick look", steps=60))
        client.wait(job["id"])
        for name, max_lr in (("one cycle", 0.1), ("far too hot", 1e5)):
            spec = training(name, 200)
            client.wait(client.submit(spec | {"schedule": spec["schedule"] | {"max_lr": max_lr}})["id"])
    return str(job["id"])


def test_a_job_appears_by_itself_moves_and_is_cancelled_from_the_list(
    stack: Stack, client: Client, open_page: OpenPage
) -> None:
    page = open_page(stack.url)
    expect(page.get_by_role("link", name="a quick look")).to_be_visible()
    job = client.submit(training("a long one", 1_000_000))
    row = page.get_by_role("listitem").filter(has_text="a long one")
    expect(row.locator(".status")).to_have_text("running")
    expect(row.locator(".done")).to_contain_text("left")
    expect(page.get_by_text("failed")).to_have_count(2)  # in the list, and among the filters
    expect(page.get_by_text("LR 0.")).to_be_visible()
    screenshot(page, "jobs")
    node = row.element_handle()
    row.get_by_role("button", name="Cancel a long one").click()
    assert client.job(job["id"])["status"] == "running", "one press asks, and does nothing else"
    row.get_by_role("button", name="Cancel a long one").click()
    expect(row.locator(".status")).to_have_text("cancelled")
    assert node is not None
    assert node.is_visible(), "the row was changed in its place, not made anew"


def test_filters_narrow_the_list_and_stand_in_the_address(stack: Stack, client: Client, open_page: OpenPage) -> None:
    client.wait(client.submit(training("a short one", 30))["id"])
    page = open_page(stack.url)
    page.get_by_label("Kind").select_option("lr_find")
    page.wait_for_url("**/?kind=lr_find")
    expect(page.get_by_role("link", name="a quick look")).to_be_visible()
    expect(page.get_by_role("link", name="a short one")).to_have_count(0)
    page.get_by_label("Status").select_option("failed")
    expect(page.get_by_role("heading", name="No matching jobs")).to_be_visible()


def test_older_jobs_are_a_page_away(stack: Stack, client: Client, open_page: OpenPage) -> None:
    made = [client.submit(training(f"many {number}", 1_000_000))["id"] for number in range(26)]
    try:
        page = open_page(stack.url)
        page.get_by_role("link", name="Older jobs").click()
        expect(page.get_by_role("link", name="a quick look")).to_be_visible()
        page.get_by_role("link", name="Newest jobs").click()
        expect(page.get_by_role("link", name="many 25")).to_be_visible()
    finally:
        for job_id in made:
            client.cancel(job_id)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_fits_and_is_accessible(stack: Stack, open_page: OpenPage, width: int, dark: bool) -> None:
    page = open_page(stack.url, width=width, dark=dark)
    expect(page.get_by_role("listitem").first).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    if width == WIDTHS[0] and not dark:
        screenshot(page, "jobs-phone")


def test_the_page_can_be_walked_through_with_the_keyboard(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(stack.url)
    expect(page.get_by_role("listitem").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="New job").last).to_be_focused()


def test_a_service_that_goes_away_is_said_and_forgotten_when_it_is_back(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(stack.url, allowed=("Failed to load resource",))
    expect(page.get_by_role("listitem").first).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_empty()

"""The page of an lr_find: its curve grows, its bounds are told and moved, and a press trains with them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from clr_client.client import Client
from local_stack.stack import Stack
from tests.browser.conftest import assert_good_looks

OpenPage = Callable[..., Page]

CONDITIONS = {
    "model": {"name": "mlp"},
    "dataset": {"name": "digits"},
    "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4},
    "global_batch_size": 128,
    "world_size": 1,
}


@pytest.fixture(scope="module")
def found(stack: Stack) -> dict[str, Any]:
    """An lr_find that has found bounds."""
    with Client(stack.url) as client:
        spec = {"kind": "lr_find", "name": "first look", "conditions": CONDITIONS, "range_test": {"steps": 100}}
        job = client.submit(spec)
        client.wait(job["id"])
        assert client.bounds(job["id"])["bounds"] is not None
        return dict(job)


def submit_long(client: Client) -> str:
    """A range test that nobody waits for the end of."""
    long = {"steps": 100_000, "replicas": 3}
    return str(client.submit({"kind": "lr_find", "name": "long", "conditions": CONDITIONS, "range_test": long})["id"])


def test_the_curve_is_seen_to_grow(stack: Stack, client: Client, open_page: OpenPage) -> None:
    job_id = submit_long(client)
    page = open_page(f"{stack.url}/jobs/{job_id}")
    expect(page.locator("#status")).to_have_text("running")
    expect(page.get_by_role("heading", name="Bounds", exact=True)).to_be_hidden()
    plot = page.locator("#range-plot")
    expect(plot).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    until = plot.get_attribute("data-until")
    expect(plot).not_to_have_attribute("data-until", str(until))
    assert float(plot.get_attribute("data-until") or 0) > float(until or 0)
    client.cancel(job_id, mode="kill")
    expect(page.locator("#status")).to_have_text("cancelled")


def test_bounds_appear_as_soon_as_they_are_found(stack: Stack, client: Client, open_page: OpenPage) -> None:
    in_the_way = submit_long(client)
    both_slots = {**CONDITIONS, "world_size": 2}
    job = client.submit({"kind": "lr_find", "name": "next", "conditions": both_slots, "range_test": {"steps": 60}})
    page = open_page(f"{stack.url}/jobs/{job['id']}")
    expect(page.locator("#status")).to_have_text("queued")
    client.cancel(in_the_way, mode="kill")
    expect(page.get_by_role("heading", name="Bounds", exact=True)).to_be_visible()
    expect(page.locator("#status")).to_have_text("succeeded")
    expect(page.locator("#standing")).to_contain_text("Done after")
    expect(page.get_by_role("slider", name="base_lr")).to_be_visible()


def test_one_press_trains_with_the_measured_bounds(
    stack: Stack, client: Client, open_page: OpenPage, found: dict[str, Any]
) -> None:
    page = open_page(f"{stack.url}/jobs/{found['id']}")
    page.get_by_label("Epochs", exact=True).fill("2")
    page.get_by_role("button", name="Train with these bounds").click()
    page.wait_for_url(re.compile(rf"/jobs/(?!{found['id']})job_[0-9a-f]{{32}}$"))
    expect(page.locator("#about")).to_contain_text("one_cycle")
    expect(page.locator("#status")).to_have_text("succeeded")
    training = client.job(page.url.rsplit("/", 1)[1])
    assert training["spec"]["schedule"]["max_lr"] == {"from_job": found["id"]}
    assert training["resolved"]["max_lr"] == client.bounds(found["id"])["bounds"]["max_lr"]


def test_bounds_are_moved_by_hand_by_keyboard_and_by_typing(
    stack: Stack, client: Client, open_page: OpenPage, found: dict[str, Any]
) -> None:
    measured = client.bounds(found["id"])["bounds"]
    page = open_page(f"{stack.url}/jobs/{found['id']}")
    peak, foot = page.get_by_label("max_lr", exact=True), page.get_by_label("base_lr", exact=True)
    grip = page.get_by_role("slider", name="max_lr")
    expect(grip).to_be_visible()

    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 40, middle[1], steps=4)
    page.mouse.up()
    dragged = float(peak.input_value())
    assert measured["base_lr"] < dragged < measured["max_lr"]

    grip.press("ArrowRight")
    pressed = float(peak.input_value())
    assert pressed == pytest.approx(dragged * 10**0.02, rel=0.01)
    foot.fill("0.002")
    expect(page.get_by_role("slider", name="base_lr")).to_have_attribute("aria-valuetext", "0.002")
    expect(page.locator("#moved")).to_contain_text("Moved")

    page.get_by_label("Epochs", exact=True).fill("1")
    page.get_by_label("Schedule").select_option("triangular")
    page.get_by_role("button", name="Train with these bounds").click()
    page.wait_for_url(re.compile(rf"/jobs/(?!{found['id']})job_"))
    spec = client.job(page.url.rsplit("/", 1)[1])["spec"]
    assert spec["schedule"]["name"] == "triangular"
    assert (spec["schedule"]["base_lr"], spec["schedule"]["max_lr"]) == (0.002, pressed)
    assert spec["conditions"] == found["spec"]["conditions"]


def test_bounds_are_asked_for_once_so_that_nothing_typed_is_overwritten(
    stack: Stack, open_page: OpenPage, found: dict[str, Any]
) -> None:
    page = open_page(f"{stack.url}/workers")  # asks for no bounds itself, as the list of jobs does
    held: list[Route] = []
    page.route("**/lr-bounds", lambda route: held.append(route))  # noqa: PLW0108 - Playwright counts its parameters
    with page.expect_response("**/events?*"):  # it tells the job again
        page.goto(f"{stack.url}/jobs/{found['id']}")
    page.wait_for_timeout(500)
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_role("heading", name="Bounds", exact=True)).to_be_visible()


def test_a_foot_above_the_peak_is_refused_before_it_is_sent(
    stack: Stack, open_page: OpenPage, found: dict[str, Any]
) -> None:
    page = open_page(f"{stack.url}/jobs/{found['id']}")
    page.get_by_label("base_lr", exact=True).fill("5")
    page.get_by_role("button", name="Train with these bounds").click()
    expect(page.locator("#form-trouble")).to_contain_text("above base_lr")
    assert page.url.endswith(found["id"])


def test_no_defensible_bounds_are_said_plainly(stack: Stack, client: Client, open_page: OpenPage) -> None:
    low = {"steps": 20, "replicas": 1, "start_lr": 1e-8, "end_lr": 1e-7}
    job = client.submit({"kind": "lr_find", "name": "too low", "conditions": CONDITIONS, "range_test": low})
    client.wait(job["id"])
    page = open_page(f"{stack.url}/jobs/{job['id']}")
    expect(page.locator("#grade")).to_have_text("no bounds")
    expect(page.locator("#bounds-warnings")).to_contain_text("neither falls nor explodes")
    expect(page.get_by_role("button", name="Train with these bounds")).to_be_hidden()
    expect(page.get_by_role("link", name="copy of this test")).to_have_attribute("href", f"/new?clone={job['id']}")


def test_the_page_fits_and_is_accessible(stack: Stack, open_page: OpenPage, found: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{found['id']}")
    expect(page.get_by_role("slider", name="max_lr")).to_be_visible()
    assert_good_looks(page, "#range-plot", "lr-find")


def test_a_job_that_is_not_there_is_said(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/jobs/job_{'0' * 32}", allowed=("404",))
    expect(page.get_by_role("alert")).to_contain_text("there is no job", ignore_case=True)
    expect(page.get_by_role("link", name="All jobs")).to_be_visible()

"""The page of a training: its curves live, finer where one looks closer, its ends and its second beginnings."""

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from clr_client.client import Client
from local_stack.stack import Stack
from tests.browser.conftest import assert_accessible, assert_fits, assert_good_looks

OpenPage = Callable[..., Page]

CONDITIONS = {
    "model": {"name": "mlp"},
    "dataset": {"name": "digits"},
    "optimizer": {"name": "sgd", "momentum": 0.9, "weight_decay": 5e-4},
    "global_batch_size": 64,
    "world_size": 1,
}
ONE_CYCLE = {"name": "one_cycle", "max_lr": 0.1}


def training(client: Client, **more: Any) -> dict[str, Any]:
    """A training under way."""
    spec = {"kind": "train", "conditions": CONDITIONS, "schedule": ONE_CYCLE, **more}
    return dict(client.submit(spec))


@pytest.fixture(scope="module")
def done(stack: Stack) -> dict[str, Any]:
    """A training that has ended, longer than a chart has points."""
    with Client(stack.url) as client:
        job = training(client, name="one cycle", epochs=100)
        return dict(client.wait(job["id"]))


def drawn(page: Page) -> int:
    """Points of the longest line on the chart."""
    return int(page.locator("#train-plot").get_attribute("data-points") or 0)


def steps_drawn(page: Page) -> int:
    """The last step on the chart."""
    found = re.search(r"up to step (\d+)", page.locator("#shown").inner_text())
    assert found is not None
    return int(found[1])


def cancel(page: Page, button: str) -> None:
    """Press Cancel, then a button of the dialog that asks how."""
    page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel this job?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_be_hidden()


def test_curves_grow_and_a_cancel_stops_them(stack: Stack, client: Client, open_page: OpenPage) -> None:
    job = training(client, name="long run", epochs=2000)
    page = open_page(f"{stack.url}/jobs/{job['id']}")
    plot = page.locator("#train-plot")
    expect(page.locator("#status")).to_have_text("running")
    expect(plot).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    early = steps_drawn(page)
    expect(page.locator("#shown")).not_to_have_text(re.compile(rf"up to step {early}\."))
    assert steps_drawn(page) > early
    cancel(page, "Keep it running")
    cancel(page, "Cancel")
    expect(page.locator("#status")).to_have_text("cancelled")
    expect(page.locator("#standing")).to_contain_text("Cancelled after")


def test_a_resumed_training_goes_on_and_says_where(stack: Stack, client: Client, open_page: OpenPage) -> None:
    job = training(client, name="long run", epochs=2000)
    page = open_page(f"{stack.url}/jobs/{job['id']}")
    status = page.locator("#status")
    expect(page.locator("#train-plot")).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    cancel(page, "Cancel")
    expect(status).to_have_text("cancelled")
    page.get_by_role("button", name="Resume").click()
    expect(status).to_have_text("running")
    page.get_by_text("Attempts (2)").click()
    expect(page.get_by_role("region", name="Attempts").get_by_role("row")).to_have_count(3)
    expect(page.locator("#train-plot .annotation", has_text="attempt 2")).to_be_visible()
    cancel(page, "Kill at once")
    expect(status).to_have_text("cancelled")
    page.get_by_text("Events", exact=True).click()
    expect(page.locator("#events")).to_contain_text("resumed")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete permanently").click()
    page.wait_for_url(stack.url + "/")


def test_a_page_asks_for_nothing_more_once_its_job_is_being_deleted(
    stack: Stack, client: Client, open_page: OpenPage
) -> None:
    job = client.wait(training(client, name="to be deleted", epochs=2)["id"])
    page = open_page(f"{stack.url}/jobs/{job['id']}")
    expect(page.locator("#train-plot")).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    held: list[Route] = []
    page.route(f"**/v1/jobs/{job['id']}", lambda route: held.append(route))  # noqa: PLW0108 - Playwright counts its parameters
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete permanently").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    page.locator("#view [name=smoothing]").fill("10")  # draws anew
    page.wait_for_timeout(1500)
    assert [route.request.method for route in held] == ["DELETE"]
    assert [one for one in asked if not one.startswith("DELETE")] == []
    held[0].continue_()
    page.wait_for_url(stack.url + "/")


def test_a_stream_that_broke_is_said_and_taken_up_again(stack: Stack, client: Client, open_page: OpenPage) -> None:
    job = training(client, name="long run", epochs=2000)
    page = open_page(f"{stack.url}/jobs/{job['id']}", allowed=("Failed to load resource", "ERR_"))
    expect(page.locator("#status")).to_have_text("running")
    os.kill(stack.pids()["api"], signal.SIGKILL)  # the stack starts it again
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_be_hidden()
    client.cancel(job["id"])
    expect(page.locator("#status")).to_have_text("cancelled")


def test_a_zoom_fetches_finer_points_and_stays(stack: Stack, open_page: OpenPage, done: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{done['id']}")
    plot = page.locator("#train-plot")
    expect(plot).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    assert drawn(page) < done["progress"]["step"]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    area = plot.locator(".nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.4 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], y, steps=5)
    page.mouse.up()
    expect(page.locator("#shown")).to_contain_text("around steps")
    assert any("start_step=" in url and "end_step=" in url for url in asked)
    first = int(page.get_by_label("From step").input_value())
    assert 0.3 * done["progress"]["step"] < first < 0.5 * done["progress"]["step"]

    page.get_by_label("From step").fill("100")
    page.get_by_label("to", exact=True).fill("180")
    page.keyboard.press("Tab")
    expect(page.locator("#shown")).to_contain_text("steps 100 to 180")
    page.get_by_role("button", name="Whole run").click()
    expect(page.locator("#shown")).to_contain_text("up to step")


def test_x_smoothing_and_a_log_of_the_loss_are_a_choice(
    stack: Stack, open_page: OpenPage, done: dict[str, Any]
) -> None:
    page = open_page(f"{stack.url}/jobs/{done['id']}")
    expect(page.locator("#train-plot .xtitle")).to_have_text("steps")
    expect(page.locator("#train-plot .legendtext", has_text="each step")).to_be_visible()
    page.get_by_role("combobox", name="Over").select_option("epoch")
    expect(page.locator("#train-plot .xtitle")).to_have_text("epochs")
    page.get_by_label("Log loss").check()
    page.get_by_label("Smoothing").fill("0")
    expect(page.locator("#train-plot .legendtext", has_text="each step")).to_have_count(0)


def test_phases_of_the_cycle_are_named(stack: Stack, open_page: OpenPage, done: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{done['id']}")
    for phase in ("rise", "fall", "annihilation"):
        expect(page.locator("#train-plot .annotation", has_text=phase)).to_be_visible()
    expect(page.locator("#outcome")).to_contain_text("final val accuracy")


def test_alarms_are_told_in_words_with_advice(stack: Stack, client: Client, open_page: OpenPage) -> None:
    job = training(client, name="too hot", epochs=20, schedule={"name": "constant", "lr": 1e5})
    client.wait(job["id"])
    page = open_page(f"{stack.url}/jobs/{job['id']}")
    expect(page.locator("#status")).to_have_text("failed")
    expect(page.locator("#why")).to_contain_text("range test")
    expect(page.locator("#alarms")).to_contain_text("divergence at step")


def test_what_can_be_downloaded_and_copied(stack: Stack, open_page: OpenPage, done: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{done['id']}")
    page.get_by_text("Downloads").click()
    for words in ("Picture, SVG", "Every point, CSV", "Model, safetensors", "Checkpoint of step"):
        expect(page.get_by_role("link", name=words).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Every point, CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    page.get_by_text("The same job from a terminal or from Python").click()
    expect(page.locator("#curl-text")).to_contain_text(f"curl -X POST {stack.url}/v1/jobs")
    expect(page.locator("#python-text")).to_contain_text("client.submit(")
    assert page.get_by_role("link", name="Clone").get_attribute("href") == f"/new?clone={done['id']}"


def test_the_page_fits_and_is_accessible(stack: Stack, open_page: OpenPage, done: dict[str, Any]) -> None:
    page = open_page(f"{stack.url}/jobs/{done['id']}")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert_fits(page)
    assert_accessible(page)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
    assert_good_looks(page, "#train-plot", "training")

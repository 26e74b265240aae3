"""The form of a new job: made from the server's schemas, judged while it is typed, and the same as a command."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from clr_client.client import Client
from local_stack.stack import Stack
from tests.browser.conftest import WIDTHS, assert_accessible, assert_fits, screenshot
from tests.browser.test_jobs_page import range_test

OpenPage = Callable[..., Page]
JUDGED = ("status of 422",)  # what is half typed is refused by the server, and the browser notes that


@pytest.fixture(scope="module")
def ran(stack: Stack) -> str:
    """A range test that has ended with bounds."""
    with Client(stack.url) as client:
        job = client.submit(range_test("a range test", steps=60))
        client.wait(job["id"])
    return str(job["id"])


def field(page: Page, path: str) -> Locator:
    """The field of the spec at a path."""
    return page.locator(f'[name="{path}"]')


def spec_in_command(page: Page) -> dict[str, Any]:
    """The body of the curl command that is shown."""
    page.get_by_label("curl").check()
    return dict(json.loads(page.locator("#snippet").inner_text().split("-d '", 1)[1].rsplit("'", 1)[0]))


def test_a_range_test_is_started_by_the_form(stack: Stack, client: Client, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/new", allowed=JUDGED)
    field(page, "name").fill("by the form")
    field(page, "range_test.steps").fill("30")
    field(page, "range_test.replicas").fill("2")
    field(page, "conditions.world_size").fill("2")
    expect(page.get_by_text("Ready: 60 steps, on 2 slots.")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, "new-lr-find")
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/jobs/job_*")
    job = client.wait(page.url.rsplit("/", 1)[1])
    assert (job["status"], job["name"], job["kind"]) == ("succeeded", "by the form", "lr_find")
    assert (job["spec"]["range_test"]["steps"], job["spec"]["conditions"]["world_size"]) == (30, 2)


def test_what_is_not_legal_is_said_at_its_field(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/new", allowed=JUDGED)
    size = field(page, "conditions.global_batch_size")
    field(page, "conditions.world_size").fill("3")
    expect(page.locator("#field-conditions-global_batch_size-error")).to_contain_text("multiple of world_size = 3")
    expect(size).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)
    size.fill("many")
    expect(page.locator("#field-conditions-global_batch_size-error")).to_contain_text("integer")
    page.get_by_role("button", name="Start the job").click()
    expect(size).to_be_focused()
    size.fill("129")
    expect(page.locator("#field-conditions-global_batch_size-error")).to_be_empty()


def test_the_preview_follows_what_is_typed(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/new?kind=train&schedule.max_lr=0.4&steps=200", allowed=JUDGED)
    words = page.locator("#preview-words")
    expect(words).to_contain_text("200 steps, LR 0.0004 to 0.4, momentum 0.85 to 0.95")
    expect(page.locator("#preview .main-svg").first).to_be_visible()
    screenshot(page, "new-train")
    field(page, "schedule.max_lr").fill("0.8")
    expect(words).to_contain_text("to 0.8")
    page.locator("#field-schedule-form").select_option("triangular")
    field(page, "schedule.max_lr").fill("0.5")
    expect(words).to_contain_text("No preview: /schedule: base_lr is needed")
    field(page, "schedule.base_lr").fill("0.1")
    field(page, "schedule.step_size_epochs").fill("2")
    expect(words).to_contain_text("LR 0.1 to 0.5")


def test_a_training_takes_bounds_and_conditions_of_a_range_test(
    stack: Stack, client: Client, open_page: OpenPage, ran: str
) -> None:
    page = open_page(f"{stack.url}/new?kind=train&from_job={ran}&steps=30")
    expect(page.locator("#source")).to_contain_text("a range test")
    expect(page.locator("#preview-words")).to_contain_text("30 steps, LR")
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/jobs/job_*")
    job = client.wait(page.url.rsplit("/", 1)[1])
    assert job["status"] == "succeeded"
    assert job["spec"]["schedule"]["max_lr"] == {"from_job": ran}
    assert job["fingerprint"] == client.job(ran)["fingerprint"]


def test_a_job_is_cloned_with_its_conditions(stack: Stack, open_page: OpenPage, ran: str) -> None:
    page = open_page(f"{stack.url}/new?clone={ran}")
    expect(field(page, "range_test.steps")).to_have_value("60")
    expect(field(page, "conditions.global_batch_size")).to_have_value("64")
    page.get_by_label("Training").check()
    expect(field(page, "conditions.global_batch_size")).to_have_value("64")
    expect(page.get_by_text("Ready:")).to_be_visible()
    assert spec_in_command(page)["schedule"] == {"name": "one_cycle", "max_lr": "auto"}


def test_the_commands_do_what_they_say(stack: Stack, client: Client, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/new?range_test.steps=10&range_test.replicas=1&name=typed", allowed=JUDGED)
    expect(page.get_by_text("Ready: 10 steps")).to_be_visible()
    spec = spec_in_command(page)
    assert spec["range_test"] == {"steps": 10, "replicas": 1}
    for language in ("curl", "Python", "clr"):
        page.get_by_label(language).check()
        text = page.locator("#snippet").inner_text()
        command = [sys.executable, "-c", text] if language == "Python" else ["bash", "-c", text]
        if language == "clr":
            command[2] = text.replace("clr lr-find", f"{sys.executable} -m clr_cli lr-find", 1)
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr
    made = client.jobs()["data"][:3]
    assert [job["name"] for job in made] == ["typed"] * 3
    assert [job["spec"]["range_test"]["steps"] for job in made] == [10] * 3


def test_a_second_press_after_a_lost_answer_makes_no_second_job(
    stack: Stack, client: Client, open_page: OpenPage
) -> None:
    page = open_page(
        f"{stack.url}/new?range_test.steps=10&range_test.replicas=1&name=once", allowed=("Failed to load resource",)
    )
    expect(page.get_by_text("Ready:")).to_be_visible()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(f"{stack.url}/v1/jobs", lose, times=1)
    page.get_by_role("button", name="Start the job").click()
    expect(page.locator("#trouble")).to_contain_text("does not answer")
    page.get_by_role("button", name="Start the job").click()
    page.wait_for_url("**/jobs/job_*")
    assert [job["name"] for job in client.jobs()["data"]].count("once") == 1


@pytest.mark.parametrize("kind", ["lr_find", "train", "sweep"])
@pytest.mark.parametrize(("width", "dark"), [(WIDTHS[0], True), (WIDTHS[1], False)])
def test_the_form_fits_and_is_accessible(stack: Stack, open_page: OpenPage, kind: str, width: int, dark: bool) -> None:
    page = open_page(f"{stack.url}/new?kind={kind}", width=width, dark=dark)
    expect(page.get_by_text("Ready:")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert_accessible(page)
    assert_fits(page)

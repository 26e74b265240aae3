"""Trainings beside each other: chosen from a list, overlaid, and how many steps each took to a target."""

import re
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
SCHEDULES = {"slow": {"name": "constant", "lr": 0.003}, "fast": {"name": "one_cycle", "max_lr": 0.2}}


@pytest.fixture(scope="module")
def both(stack: Stack) -> list[str]:
    """Ids of a slow and a fast training that have ended."""
    with Client(stack.url) as client:
        spec = {"kind": "train", "conditions": CONDITIONS, "epochs": 12}
        jobs: list[dict[str, Any]] = [
            dict(client.submit({**spec, "name": name, "schedule": schedule})) for name, schedule in SCHEDULES.items()
        ]
        for job in jobs:
            client.wait(job["id"])
        return [job["id"] for job in jobs]


def test_two_trainings_are_chosen_and_overlaid(stack: Stack, open_page: OpenPage, both: list[str]) -> None:
    page = open_page(f"{stack.url}/compare")
    page.get_by_role("checkbox", name="fast").check()
    page.get_by_role("checkbox", name="slow").check()
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare?jobs=*")
    assert all(job_id in page.url for job_id in both)
    expect(page.locator("#results tbody tr")).to_have_count(2)
    expect(page.locator("#overlay-plot .legendtext")).to_have_count(2)


def test_steps_to_a_target_are_told_as_a_ratio(stack: Stack, open_page: OpenPage, both: list[str]) -> None:
    page = open_page(f"{stack.url}/compare?jobs={','.join(both)}")
    rows = page.locator("#results tbody tr")
    expect(rows.first).to_contain_text("slow")
    page.get_by_label("Target accuracy").fill("50")
    expect(rows.first).to_contain_text("the first")
    expect(rows.last).to_contain_text(re.compile("[0-9]\N{MULTIPLICATION SIGN}"))
    page.get_by_label("Target accuracy").fill("100")
    expect(rows.first).to_contain_text("not reached")


def test_the_page_fits_and_is_accessible(stack: Stack, open_page: OpenPage, both: list[str]) -> None:
    page = open_page(f"{stack.url}/compare?jobs={','.join(both)}")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    assert_good_looks(page, "#overlay-plot", "compare")


def test_arms_of_a_compare_job_are_overlaid_and_told(stack: Stack, client: Client, open_page: OpenPage) -> None:
    preset = {"name": "super_convergence", "steps": 60, "ratio": 4}
    spec = {"kind": "compare", "conditions": CONDITIONS, "preset": preset, "seeds": [0], "equal_budget_arms": False}
    job = client.submit(spec)
    client.wait(job["id"])
    page = open_page(f"{stack.url}/jobs/{job['id']}")
    expect(page.locator("#arms tbody tr")).to_have_count(2)
    expect(page.locator("#arms")).to_contain_text("the reference")
    expect(page.locator("#compare-target")).to_contain_text("Target: validation accuracy")
    assert_good_looks(page, "#compare-plot", "comparison")

"""Frames and assets: what every page has in common."""

from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import distribution
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from api.app import create_app
from clr_client.client import Client
from jobs.config.settings import Settings
from jobs.database.session import Database
from local_stack.stack import Stack
from migrations.run import upgrade
from tests.browser.conftest import WIDTHS, assert_accessible, assert_fits
from tests.live_server import listening

OpenPage = Callable[..., Page]


@pytest.fixture
def empty_service(tmp_path: Path) -> Iterator[str]:
    """Address of an API without jobs."""
    url = f"sqlite:///{tmp_path / 'clr.sqlite3'}"
    with closing(Database(url)) as database:
        upgrade(database)
    with listening(create_app(Settings(data_dir=tmp_path, database_url=SecretStr(url)))) as client:
        yield str(client.base_url)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_empty_service_says_what_to_type_first(empty_service: str, open_page: OpenPage, width: int) -> None:
    page = open_page(empty_service, width=width)
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def test_a_job_that_ran_is_listed_and_drawn(stack: Stack, client: Client, open_page: OpenPage) -> None:
    conditions = {
        "model": {"name": "mlp"},
        "dataset": {"name": "digits"},
        "optimizer": {"name": "sgd"},
        "global_batch_size": 64,
        "world_size": 1,
    }
    job = client.submit(
        {"kind": "lr_find", "name": "listed and drawn", "conditions": conditions, "range_test": {"steps": 40}}
    )
    client.wait(job["id"])
    page = open_page(stack.url)
    page.get_by_role("link", name="listed and drawn").click()
    expect(page.locator("#range-plot .main-svg").first).to_be_visible()
    assert_accessible(page)


def test_assets_are_kept_for_ever_and_compressed(stack: Stack) -> None:
    frame = httpx2.get(stack.url).text
    address = frame.split('rel="stylesheet" href="')[1].split('"')[0].replace("style.css", "plotly.min.js")
    answer = httpx2.get(stack.url + address, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert httpx2.get(f"{stack.url}/assets/0/style.css").status_code == 404
    version = address.removesuffix("plotly.min.js")
    module = httpx2.get(f"{stack.url}{version}lib/api.js")
    assert (module.status_code, module.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert httpx2.get(f"{stack.url}{version}lib/%2e%2e/%2e%2e/pages.py").status_code == 404


def test_an_address_without_a_page_is_a_page_for_browsers_and_a_problem_for_programs(
    stack: Stack, open_page: OpenPage
) -> None:
    page = open_page(f"{stack.url}/no/such/page", allowed=("status of 404",))
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    program = httpx2.get(f"{stack.url}/no/such/page")
    assert (program.status_code, program.json()["code"]) == (404, "not_found")
    asked_of_the_api = httpx2.get(f"{stack.url}/v1/nothing", headers={"Accept": "text/html"})
    assert asked_of_the_api.headers["content-type"] == "application/problem+json"


def test_our_styles_of_charts_are_those_that_plotly_writes_where_it_may(browser: Browser, stack: Stack) -> None:
    rules = "(styles) => [...styles.sheet.cssRules].map((rule) => rule.cssText)"
    page = browser.new_page()
    page.add_script_tag(path=str(distribution("plotly").locate_file("plotly/package_data/plotly.min.js")))
    page.evaluate("Plotly.newPlot(document.body, [{y: [1, 2]}])")
    its_own = page.locator("style[id='plotly.js-style-global']").evaluate(rules)
    page.goto(f"{stack.url}/compare")
    ours = page.locator("link[id='plotly.js-style-global']").evaluate(rules)
    page.close()
    assert "\n".join(ours) == "\n".join(its_own)

"""A service that asks for keys: the way in, the way out, and what those see who may not do everything."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from clr_client.client import Client
from local_stack.stack import Stack
from tests.browser.conftest import WIDTHS, assert_accessible, assert_fits, screenshot
from tests.e2e.conftest import running_stack

OpenPage = Callable[..., Page]
ADMIN_KEY = "an-admins-key-long-enough-to-count"
REFUSED = ("status of 401", "status of 422")  # the browser's own lines about answers that are expected here


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One stack with keys for the tests of this module."""
    with running_stack(extra_env={"CLR_ADMIN_KEY": ADMIN_KEY}) as stack:
        yield stack


def key_for(stack: Stack, name: str, scope: str) -> str:
    with Client(stack.url, api_key=ADMIN_KEY) as admin:
        return str(admin.create_key(name, scope)["key"])


def log_in(page: Page, key: str) -> None:
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Log in").click()


def test_who_comes_without_a_session_logs_in_and_is_brought_back(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/workers", allowed=REFUSED)
    page.wait_for_url("**/login?next=%2Fworkers")
    log_in(page, key_for(stack, "ada", "submit"))
    page.wait_for_url("**/workers")
    expect(page.locator("#who")).to_contain_text("ada")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto(stack.url)
    page.wait_for_url("**/login?next=%2F")


def test_a_wrong_key_is_refused_beside_its_field(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/login", allowed=REFUSED)
    log_in(page, "clr_wrong")
    expect(page.locator("#key-error")).to_contain_text("is unknown")
    expect(page.get_by_label("Key")).to_be_focused()
    assert_accessible(page)


def test_nobody_is_sent_to_another_site(stack: Stack, open_page: OpenPage) -> None:
    key = key_for(stack, "eve", "read")
    for address in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        page = open_page(f"{stack.url}/login?next={address}", allowed=REFUSED)
        log_in(page, key)
        page.wait_for_url(f"{stack.url}/")


def test_a_session_that_ended_is_said(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/login?next=/", allowed=REFUSED)
    with Client(stack.url, api_key=ADMIN_KEY) as admin:
        made = admin.create_key("bob", "submit")
        log_in(page, made["key"])
        expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
        admin.revoke_key(made["id"])
    page.wait_for_url("**/login?next=%2F&ended=1")
    expect(page.get_by_text("Your session has ended")).to_be_visible()


def test_who_may_only_look_is_offered_nothing_else(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/login?next=/", allowed=REFUSED)
    log_in(page, key_for(stack, "looker", "read"))
    expect(page.locator("#who")).to_contain_text("looker")
    for name in ("New job", "Keys"):
        expect(page.get_by_role("link", name=name)).to_have_count(0)
    page.goto(f"{stack.url}/workers")
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    expect(page.get_by_text("slots free")).to_be_visible()
    expect(page.get_by_role("button", name="Drain")).to_have_count(0)


def test_an_admin_makes_a_key_that_is_shown_once_lets_one_in_and_is_revoked(stack: Stack, open_page: OpenPage) -> None:
    page = open_page(f"{stack.url}/login?next=/keys", allowed=REFUSED)
    log_in(page, ADMIN_KEY)
    page.get_by_label("Name").fill("grace")
    page.get_by_label("Ends after (days)").fill("many")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#days-error")).to_contain_text("number")
    page.get_by_label("Ends after (days)").fill("30")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#secret")).to_contain_text("clr_")
    secret = page.locator("#secret").inner_text()
    with Client(stack.url, api_key=secret) as grace:
        assert grace.jobs()["data"] == []
    screenshot(page, "keys")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert_accessible(page)
        assert_fits(page)
    row = page.get_by_role("listitem").filter(has_text="grace")
    row.get_by_role("button", name="Revoke grace").click()
    row.get_by_role("button", name="Revoke grace").click()
    expect(row.locator(".status")).to_have_text("revoked")
    page.reload()
    expect(page.get_by_role("listitem").filter(has_text="grace")).to_be_visible()
    assert secret not in page.content()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_way_in_fits_and_is_accessible(stack: Stack, open_page: OpenPage, width: int, dark: bool) -> None:
    page = open_page(f"{stack.url}/login?next=/", width=width, dark=dark)
    expect(page.get_by_label("Key")).to_be_focused()
    assert_accessible(page)
    assert_fits(page)
    if width == WIDTHS[1] and not dark:
        screenshot(page, "login")

"""A real browser before a real stack. An error in the console or a request to elsewhere fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from clr_client.client import Client
from local_stack.stack import Stack
from tests.e2e.conftest import end_jobs, running_stack

IMAGES = Path(__file__).parents[2] / "docs" / "images"
WIDTHS = (390, 1440)
PATIENCE_MS = 120_000
COLOURS = 128  # of a picture: text and lines look the same, in a third of the bytes
# A browser takes the cores that leases are renewed on.
BROWSED: dict[str, Any] = {"start_timeout_s": 300.0, "extra_env": {"CLR_LEASE_S": "30"}}
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without one tests are skipped, which CI does not allow.

    Not for the whole session: while it is open its event loop runs, and no other test could run one of its own.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium is installed, and CI may not skip the browser tests")
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses to run as root with its sandbox
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """One stack for all tests that leave it as it was."""
    with running_stack(**BROWSED) as stack:
        yield stack


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url) as client:
        yield client
        end_jobs(client)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages of a stack, in a fresh profile each; ``allowed`` are console errors made on purpose."""
    wrong: list[str] = []
    opened = []

    def open_one(url: str, *, width: int = 1440, dark: bool = False, allowed: tuple[str, ...] = ()) -> Page:
        home = urlsplit(url).netloc
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale="en-GB"
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not any(words in message.text for words in allowed):
                wrong.append(f"{page.url}: {message.text}")

        def leave(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != home:
                wrong.append(f"{page.url} asked {request.url}")

        page.on("console", note)
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("request", leave)
        page.goto(url)
        return page

    yield open_one
    for context in opened:
        context.close()
    assert wrong == []


def assert_accessible(page: Page) -> None:
    """axe-core finds no serious or critical fault on the page as it stands."""
    found = Axe().run(page).response["violations"]
    faults = [
        f"{fault['id']}: {fault['help']} ({[node['html'][:120] for node in fault['nodes']][:3]})"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]
    assert faults == []


def assert_fits(page: Page) -> None:
    """Nothing makes the page wider than the window."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, f"{page.url} is {wide} px wide in a window of {window}"


def assert_good_looks(page: Page, chart: str, name: str) -> None:
    """A page with a chart fits and is accessible at every width, light and dark; pictures are taken in the light."""
    for width in WIDTHS:
        for scheme in ("dark", "light"):
            page.set_viewport_size({"width": width, "height": 1300})
            page.emulate_media(color_scheme=scheme)
            room = page.locator(chart).evaluate("(chart) => chart.clientWidth")
            expect(page.locator(chart)).to_have_attribute("data-look", f"{scheme} {room}")
            assert_fits(page)
            assert_accessible(page)
        screenshot(page, f"{name}-{width}")


def screenshot(page: Page, name: str) -> None:
    """Keep the page as a picture of the documentation, where ``CLR_SCREENSHOTS=1`` asks for it."""
    if os.environ.get("CLR_SCREENSHOTS") == "1":
        path = IMAGES / f"dashboard-{name}.png"
        page.screenshot(path=path)
        with Image.open(path) as image:
            image.convert("RGB").quantize(COLOURS).save(path, optimize=True)

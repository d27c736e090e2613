"""A real Chromium on a real service; what a page says on its console is a failure unless a test expects it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.service import Service, running_service

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HERE = str(Path(__file__).parent)
STATIC = Path(__file__).parents[2] / "app" / "web" / "static"
#: Longest wait for anything a page should show, in ms.
PATIENCE_MS = 20_000

NewTab = Callable[..., Page]
#: A job that shows everything, and the file that lets it go on.
Gated = tuple[str, Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By their folder: Playwright's loop, once begun, runs until the session's end; no async job beside it could."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


def _chromium() -> str:
    found = str(CHROMIUM) if CHROMIUM.exists() else shutil.which("chromium") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI"):
        pytest.fail("there is no Chromium: apt-get install chromium")
    if found is None:
        pytest.skip("there is no Chromium")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=_chromium(), args=list(ARGUMENTS))
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def modules(browser: Browser) -> Iterator[Page]:
    """An empty page that can import the page's modules by their names: no service, no document of theirs."""
    opened = browser.new_page()
    opened.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    opened.route("**/*.js", lambda route: route.fulfill(path=STATIC / Path(route.request.url).name))
    opened.goto("http://modules.test/")
    yield opened
    opened.close()


@pytest.fixture
def scriptless(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium that knows no JavaScript from the parser on; a context's own switch would hide ``noscript``."""
    arguments = [*ARGUMENTS, "--blink-settings=scriptEnabled=false"]
    launched = playwright.chromium.launch(executable_path=_chromium(), args=arguments)
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The default catalogue and the trial job types, on one web and one worker process."""
    with running_service(TAILRACE_JOBS="worker.catalogue,trial,lab", PYTHONPATH=HERE) as running:
        yield running


class Complaints(list[str]):
    """What pages complained of: console errors, uncaught exceptions, violations of the content policy."""

    def expect(self, *words: str) -> None:
        """Takes away every complaint that has one of *words* in it: the test provoked it."""
        self[:] = [text for text in self if not any(word in text for word in words)]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    found = Complaints()
    yield found
    assert found == []


@pytest.fixture
def context(browser: Browser, complaints: Complaints) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    opened.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    opened.on("console", lambda text: complaints.append(text.text) if text.type in {"error", "warning"} else None)
    opened.on("weberror", lambda error: complaints.append(str(error.error)))
    yield opened
    opened.close()


@pytest.fixture
def new_tab(context: BrowserContext, service: Service) -> NewTab:
    """Opens a path of the service in a new tab."""

    def open_tab(path: str = "/") -> Page:
        page = context.new_page()
        page.goto(service.url + path)
        return page

    return open_tab


@pytest.fixture
def gated(service: Service, tmp_path: Path) -> Iterator[Callable[[], Gated]]:
    """Submits a job that shows everything and then stands until its gate is made, at the latest here."""
    gate = tmp_path / "gate"

    def submit() -> Gated:
        return service.submit("everything", gate=str(gate))["id"], gate

    yield submit
    gate.touch()


def at_the_gate(page: Page) -> None:
    expect(page.locator(".outputs")).to_contain_text("Before the gate.")
    expect(page.get_by_role("region", name="Files")).to_contain_text("page.html")
    expect(page.locator(".connection")).to_have_text("Live")

"""A job is watched: live, by several, after a reload, through a broken line, to its end and no further."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.conftest import Complaints, NewTab
from tests.browser.trial import MARKUP
from tests.service import Service, free_port

pytestmark = pytest.mark.browser

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
Gated = tuple[str, Path]


@pytest.fixture
def gated(service: Service, tmp_path: Path) -> Iterator[Callable[[], Gated]]:
    """Submits a job that shows everything and then stands until its gate is made, at the latest here."""
    gate = tmp_path / "gate"

    def submit() -> Gated:
        return service.submit("everything", gate=str(gate))["id"], gate

    yield submit
    gate.touch()


def shown(page: Page) -> str:
    """All that a reader sees of the job, but what the clock changes."""
    text = page.locator("article.job").inner_text()
    return re.sub(r"(Live|Connecting|Ended|about [^\n·]* left|\d+(\.\d)? (s|min)\b)", "", text)


def at_the_gate(page: Page) -> None:
    expect(page.locator(".outputs")).to_contain_text("Before the gate.")
    expect(page.get_by_role("region", name="Files")).to_contain_text("page.html")
    expect(page.locator(".connection")).to_have_text("Live")


def test_two_tabs_show_the_same_while_it_runs_and_when_it_has_ended(new_tab: NewTab, service: Service) -> None:
    job = service.submit("ticks", n=20, seconds=0.2)
    first = new_tab(f"/jobs/{job['id']}")
    expect(first.locator(".outputs")).to_contain_text("tick 1")
    second = new_tab(f"/jobs/{job['id']}")
    for page in (first, second):
        expect(page.locator(".pill")).to_have_text("Succeeded")
        expect(page.locator(".connection")).to_have_text("Ended")
    assert shown(first) == shown(second)
    late = new_tab(f"/jobs/{job['id']}")
    expect(late.locator(".connection")).to_have_text("Ended")
    assert shown(late) == shown(first)


def test_a_reload_in_the_middle_keeps_text_steps_numbers_and_files(new_tab: NewTab, gated: Callable[[], Gated]) -> None:
    job_id, gate = gated()
    page = new_tab(f"/jobs/{job_id}")
    at_the_gate(page)
    before = shown(page)
    page.reload()
    at_the_gate(page)
    assert shown(page) == before
    gate.touch()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    expect(page.locator(".outputs")).to_contain_text("After the gate.")


def test_everything_that_a_job_tells_is_shown(new_tab: NewTab, gated: Callable[[], Gated]) -> None:
    job_id, gate = gated()
    page = new_tab(f"/jobs/{job_id}")
    at_the_gate(page)
    steps = page.locator(".steps-list > li")
    expect(steps).to_have_count(3)
    expect(steps.nth(0)).to_contain_text("The first step, Succeeded")
    expect(steps.nth(0)).to_contain_text("100 rows")
    expect(steps.nth(1)).to_have_attribute("data-depth", "1")
    expect(steps.nth(2)).to_have_attribute("aria-current", "step")
    expect(page.get_by_role("progressbar", name="Whole job")).to_have_attribute("aria-valuenow", "50")
    expect(page.locator(".chart")).to_contain_text("0.03333")
    assert (page.locator(".chart .line").get_attribute("d") or "").count("L") == 29
    expect(page.get_by_role("region", name="Items")).to_contain_text("1 succeeded")
    expect(page.get_by_role("region", name="Items")).to_contain_text("Nothing in it.")
    expect(page.get_by_role("region", name="Alerts")).to_contain_text("The CPU is busy")
    expect(page.get_by_role("region", name="Log")).to_contain_text("line=7")
    expect(page.get_by_role("img", name="Line")).to_be_visible()
    gate.touch()
    expect(page.get_by_role("region", name="Result")).to_contain_text("336,776")
    expect(page.get_by_role("region", name="Result").get_by_role("table")).to_contain_text("126.7")


def test_markup_in_a_job_stays_text(new_tab: NewTab, gated: Callable[[], Gated]) -> None:
    job_id, gate = gated()
    page = new_tab(f"/jobs/{job_id}")
    at_the_gate(page)
    gate.touch()
    result = page.get_by_role("region", name="Result")
    for place in (page.locator(".steps"), page.locator(".outputs"), page.locator(".log"), result):
        expect(place).to_contain_text(MARKUP)
    assert page.locator("article.job script, article.job img[onerror]").count() == 0
    assert "owned" not in page.title()


def test_cancel_stops_it_and_says_how(new_tab: NewTab, gated: Callable[[], Gated]) -> None:
    job_id, _ = gated()
    page = new_tab(f"/jobs/{job_id}")
    at_the_gate(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".pill")).to_have_text("Cancelled")
    expect(page.locator(".doing")).to_have_text("The job stopped by itself.")
    expect(page.get_by_role("button", name=re.compile("Cancel"))).to_be_hidden()
    expect(page.locator(".steps-list [data-state=running]")).to_have_count(0)


def test_a_failure_is_shown_with_its_code_and_its_words(new_tab: NewTab, service: Service) -> None:
    page = new_tab(f"/jobs/{service.submit('broken')['id']}")
    expect(page.locator(".pill")).to_have_text("Failed")
    error = page.get_by_role("region", name="Error")
    expect(error).to_contain_text("no_rows")
    expect(error).to_contain_text(f"The file has no rows. {MARKUP}")


def test_after_the_end_the_page_asks_for_nothing_more(new_tab: NewTab, service: Service) -> None:
    page = new_tab(f"/jobs/{service.submit('hello')['id']}")
    expect(page.locator(".connection")).to_have_text("Ended")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    #: Longer than the page's first back-off and than an EventSource's own.
    page.wait_for_timeout(4000)
    assert asked == []


def test_run_again_opens_a_new_job_and_delete_takes_one_away(new_tab: NewTab, service: Service) -> None:
    job = service.submit("hello")
    page = new_tab(f"/jobs/{job['id']}")
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: job["id"] not in url)
    expect(page.locator(".pill")).to_have_text("Succeeded")
    page.go_back()
    expect(page).to_have_url(re.compile(job["id"]))
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New job")
    expect(page.locator(f".jobs a[href$='{job['id']}']")).to_have_count(0)


def test_a_job_that_is_not_there_is_said_to_be_gone(new_tab: NewTab, complaints: Complaints) -> None:
    page = new_tab("/jobs/00000000000000000000000000")
    expect(page.get_by_role("alert")).to_contain_text("There is no such job")
    expect(page.locator(".connection")).to_have_text("Not connected")
    complaints.expect("Failed to load resource")


def test_when_the_web_process_is_killed_the_page_says_so_and_goes_on_without_a_hole_or_a_repeat(
    context: BrowserContext, service: Service, complaints: Complaints
) -> None:
    port = free_port()
    doomed = service.web(port=port)
    job = service.submit("ticks", n=60, seconds=0.1)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/jobs/{job['id']}")
    expect(page.locator(".outputs")).to_contain_text("tick 3")
    doomed.kill()
    expect(page.locator(".connection")).to_contain_text("Reconnecting")
    service.web(port=port)
    expect(page.locator(".pill")).to_have_text("Succeeded")
    ticks = page.locator(".text").inner_text().split("\n")
    assert [line for line in ticks if line] == [f"tick {n}" for n in range(1, 61)]
    complaints.expect("net::ERR_")


def test_a_hidden_tab_gives_its_connection_back_and_takes_it_up_again(
    context: BrowserContext, service: Service, gated: Callable[[], Gated]
) -> None:
    job_id, gate = gated()
    page = context.new_page()
    page.clock.install()
    page.goto(f"{service.url}/jobs/{job_id}")
    at_the_gate(page)
    page.evaluate(HIDE, True)
    with page.expect_request(lambda request: "/events?after=" in request.url):
        page.clock.run_for(11_000)
    gate.touch()
    page.evaluate(HIDE, False)
    expect(page.locator(".pill")).to_have_text("Succeeded")
    expect(page.locator(".outputs")).to_contain_text("After the gate.")


def test_leaving_the_page_closes_its_stream(new_tab: NewTab, gated: Callable[[], Gated]) -> None:
    job_id, gate = gated()
    page = new_tab(f"/jobs/{job_id}")
    ended: list[Request] = []
    page.on("requestfailed", lambda request: ended.append(request) if "/events" in request.url else None)
    at_the_gate(page)
    with page.expect_event("requestfailed", lambda request: "/events" in request.url):
        page.get_by_role("link", name="New job").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New job")
    gate.touch()


def test_the_list_of_recent_jobs_is_paged_and_leads_to_each(new_tab: NewTab, service: Service) -> None:
    jobs = [service.submit("hello")["id"] for _ in range(14)]
    page = new_tab("/")
    rows = page.locator(".jobs a")
    expect(rows).to_have_count(12)
    expect(rows.first).to_have_attribute("href", f"/jobs/{jobs[-1]}")
    page.get_by_role("button", name="Older").click()
    expect(page.locator(f".jobs a[href='/jobs/{jobs[0]}']")).to_be_visible()
    rows.nth(3).click()
    expect(page).to_have_url(re.compile(jobs[-4]))
    expect(rows.nth(3)).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("heading", level=1)).to_be_focused()

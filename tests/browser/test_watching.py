"""A job is watched: live, by several, after a reload, through a broken line, to its end and no further."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Complaints, Gated, NewTab, at_the_gate
from tests.service import Service, free_port

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def shown(page: Page) -> str:
    """All that a reader sees of the job, but what the clock changes, the line that a time stands on included."""
    text = page.locator("article.job").inner_text()
    timeless = re.sub(r"(Live|Connecting|Ended|about [^\n·]* left|\d+(\.\d)? (s|min)\b)", "", text)
    return re.sub(r"\n+", "\n", timeless)


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


def test_after_the_end_the_page_asks_for_nothing_more(new_tab: NewTab, service: Service) -> None:
    page = new_tab(f"/jobs/{service.submit('hello')['id']}")
    expect(page.locator(".connection")).to_have_text("Ended")
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    #: Longer than the page's first back-off and than an EventSource's own.
    page.wait_for_timeout(4000)
    assert asked == []


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
    at_the_gate(page)
    with page.expect_event("requestfailed", lambda request: "/events" in request.url):
        page.get_by_role("link", name="New job").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New job")
    gate.touch()


def test_a_job_that_waits_shows_its_place_and_when_it_begins_as_the_queue_moves(
    new_tab: NewTab, service: Service, gated: Callable[[], Gated]
) -> None:
    service.wait(service.submit("ticks", n=2, seconds=0.6)["id"])
    gates = [gated() for _ in range(2)]
    for job_id, _ in gates:
        service.wait(job_id, "running")
    first, _, third = (service.submit("ticks", n=2, seconds=0.6)["id"] for _ in range(3))
    page = new_tab(f"/jobs/{third}")
    expect(page.locator("article.job")).to_contain_text(re.compile(r"3 in the queue, about \d+ s to go"))
    service.client.post(f"/v1/jobs/{first}/cancel")
    expect(page.locator("article.job")).to_contain_text("2 in the queue")
    for _, gate in gates:
        gate.touch()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    expect(page.locator("article.job")).not_to_contain_text("in the queue")

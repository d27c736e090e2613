"""The list of jobs moves by itself, over one connection for all tabs, and without one where there is none to spare."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.conftest import Gated, NewTab
from tests.service import Service, free_port, wait_for


def streams_open(service: Service) -> int:
    lines = service.client.get("/metrics").text.splitlines()
    return int(float(next(line for line in lines if line.startswith("tailrace_streams_open ")).split()[1]))


def test_what_happens_to_other_jobs_shows_in_the_list_of_every_tab(
    new_tab: NewTab, service: Service, gated: Callable[[], Gated]
) -> None:
    pages = [new_tab("/") for _ in range(3)]
    for page in pages:
        expect(page.locator(".recent h2")).to_be_visible()
    job_id, gate = gated()
    rows = [page.locator(f".jobs a[href='/jobs/{job_id}']") for page in pages]
    for row in rows:
        expect(row).to_contain_text(re.compile("Running, 50%"))
        expect(row).to_contain_text("Everything")
    wait_for(lambda: streams_open(service) == 1, what="one stream for all tabs")
    gate.touch()
    for row in rows:
        expect(row).to_have_attribute("data-state", "succeeded")


def test_the_tab_that_goes_leaves_the_stream_to_another(new_tab: NewTab, service: Service) -> None:
    first, second = new_tab("/"), new_tab("/")
    expect(second.locator(".recent h2")).to_be_visible()
    first.close()
    job = service.submit("hello")
    row = second.locator(f".jobs a[href='/jobs/{job['id']}']")

    expect(row).to_have_attribute("data-state", "succeeded")
    wait_for(lambda: streams_open(service) == 1, what="one stream")


def test_what_happens_while_no_tab_has_the_stream_shows_too(new_tab: NewTab, service: Service) -> None:
    first, second = new_tab("/"), new_tab("/")
    expect(second.locator(".recent h2")).to_be_visible()
    jobs: list[str] = []

    def late(route: Route) -> None:
        jobs.append(service.submit("hello")["id"])
        wait_for(lambda: service.client.get(f"/v1/jobs/{jobs[0]}").json()["state"] == "succeeded", what="its end")
        route.continue_()

    second.route("**/v1/events?*", late, times=1)
    with second.expect_response("**/v1/events?*"):
        first.close()
    expect(second.locator(f".jobs a[href='/jobs/{jobs[0]}']")).to_have_attribute("data-state", "succeeded")


def test_where_there_is_no_stream_to_spare_the_page_polls_and_shows_the_same(
    context: BrowserContext, service: Service
) -> None:
    port = free_port()
    busy = service.web(port=port, TAILRACE_DEGRADATION_LEVEL="4")
    try:
        job = service.submit("ticks", n=20, seconds=0.2)
        page = context.new_page()
        polls: list[str] = []
        page.on("request", lambda request: polls.append(request.url) if "wait=20" in request.url else None)
        page.goto(f"http://127.0.0.1:{port}/jobs/{job['id']}")
        expect(page.locator(".outputs")).to_contain_text("tick 3")
        expect(page.locator(f".jobs a[href='/jobs/{job['id']}']")).to_have_attribute("data-state", "running")
        expect(page.locator(".connection")).to_have_text("Ended")
        expect(page.locator(".outputs")).to_contain_text("tick 20")
        other = service.submit("hello")
        expect(page.locator(f".jobs a[href='/jobs/{other['id']}']")).to_have_attribute("data-state", "succeeded")
        assert any("/v1/events?" in url for url in polls)
        assert any(f"/v1/jobs/{job['id']}/events?" in url for url in polls)
        page.close()
    finally:
        busy.stop()

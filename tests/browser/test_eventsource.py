"""A browser's own EventSource, with no code of ours around it, follows a job through cuts and refusals to its end."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import Complaints
from tests.scissors import Scissors
from tests.service import Service, free_port, wait_for

FOLLOW = """(path) => {
  const source = new EventSource(path);
  window.seen = [];
  window.over = false;
  source.onmessage = (event) => window.seen.push([event.lastEventId, event.data]);
  source.onerror = () => { window.over = source.readyState === EventSource.CLOSED; };
}"""
#: Bytes of answer: none, within the wait, the first events, and further on. Not within the head: Chromium takes what
#: there is of it for all, misses the content type and gives up for good.
CUTS = (0, 420, 1500, 6000)


@contextmanager
def following(context: BrowserContext, way: Scissors, job_id: str) -> Iterator[Page]:
    """A blank page of the service's own origin, on which nothing runs but one EventSource."""
    page = context.new_page()
    page.route("**/blank", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    page.goto(f"{way.url}/blank")
    page.evaluate(FOLLOW, f"/v1/jobs/{job_id}/events?after=0&names=0")
    yield page
    page.close()


def followed(page: Page, way: Scissors, service: Service, job_id: str) -> None:
    """It has been told everything, each event once, and has closed when 204 told it to."""
    wait_for(lambda: page.evaluate("window.over"), 60, what="the EventSource to close")
    seen: list[tuple[str, dict[str, Any]]] = [(last, json.loads(data)) for last, data in page.evaluate("window.seen")]
    assert [envelope for _, envelope in seen if "seq" in envelope] == service.events(job_id)
    assert all(last == envelope["id"] for last, envelope in seen if "seq" in envelope)
    assert way.statuses.index(204) == len(way.statuses) - 1


def test_cut_off_in_the_middle_it_misses_and_repeats_nothing_and_stops_at_the_end(
    context: BrowserContext, service: Service, complaints: Complaints
) -> None:
    job_id = service.submit("ticks", n=60, seconds=0.05)["id"]
    with Scissors(service.port, CUTS) as way, following(context, way, job_id) as page:
        followed(page, way, service, job_id)
        assert [exchange.cut for exchange in way.exchanges].count(True) == len(CUTS)
    complaints.expect("net::ERR_")


def test_told_that_all_places_are_taken_it_comes_back(
    context: BrowserContext, service: Service, complaints: Complaints
) -> None:
    job_id = service.submit("hello")["id"]
    service.wait(job_id)
    port = free_port()
    narrow = service.web(port=port, TAILRACE_MAX_STREAMS="1")
    busy = service.submit("ticks", n=200, seconds=0.2)["id"]
    with Scissors(port) as way, ExitStack() as crowd:
        crowd.enter_context(httpx.stream("GET", f"http://127.0.0.1:{port}/v1/jobs/{busy}/events"))
        with following(context, way, job_id) as page:
            wait_for(lambda: page.evaluate("window.seen.length"), what="the refusal")
            assert json.loads(page.evaluate("window.seen[0][1]"))["type"] == "stream.overloaded"
            crowd.close()
            followed(page, way, service, job_id)
    service.client.post(f"/v1/jobs/{busy}/cancel")
    narrow.stop()
    complaints.expect("net::ERR_")

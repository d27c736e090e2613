"""What comes piece by piece is put in order: alerts, the items of a batch, thoughts and the answer, jobs in jobs."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NewTab
from tests.service import Service


def test_alerts_that_fire_stand_above_those_that_ceased_each_with_its_times(
    new_tab: NewTab, service: Service, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    page = new_tab(f"/jobs/{service.submit('watch', gate=str(gate))['id']}")
    alerts = page.get_by_role("region", name="Alerts")
    expect(alerts.locator("h2 + .count")).to_have_text("1 firing")
    firing, resolved = alerts.locator(".alerts").nth(0), alerts.get_by_label("Resolved")
    expect(firing.locator("li")).to_have_attribute("data-severity", "critical")
    expect(firing).to_contain_text(re.compile(r"cpu above 90Critical\s*since \d\d:\d\d:\d\d"))
    expect(firing).to_contain_text("value 97.25, limit 90")
    expect(resolved).to_contain_text(re.compile(r"shop is slowWarning\s*\d\d:\d\d:\d\d, for"))
    gate.touch()
    expect(page.locator(".pill")).to_have_text("Succeeded")


def test_of_a_thousand_items_those_that_failed_are_named_first_also_after_a_reload(
    new_tab: NewTab, service: Service
) -> None:
    job = service.submit("batch")
    page = new_tab(f"/jobs/{job['id']}")
    items = page.get_by_role("region", name="Items")
    expect(page.locator(".pill")).to_have_text("Succeeded")
    for _ in range(2):
        expect(items.locator(".count").first).to_have_text("1,000")
        expect(items.locator(".counts li")).to_have_text(["950 succeeded", "50 failed"])
        failed = items.get_by_label("Failed items")
        expect(failed.locator("li")).to_have_count(50)
        expect(failed.locator("li").first).to_contain_text("in/0983.pdf")
        expect(failed.locator("li").first).to_contain_text("Page 983 cannot be read.")
        expect(items.get_by_label("Latest items").locator("li").first).to_contain_text("Pages 999 · SHA256 a1a1a1")
        page.reload()


def test_thoughts_are_folded_up_once_the_answer_begins_and_the_answer_keeps_its_place(
    new_tab: NewTab, service: Service, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    page = new_tab(f"/jobs/{service.submit('thinks', gate=str(gate))['id']}")
    thoughts = page.get_by_role("region", name="Thinking").locator(".text")
    expect(thoughts).to_have_text(re.compile("First the one"))
    expect(thoughts).to_be_visible()
    gate.touch()
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Line 79 of the answer.")
    expect(thoughts).to_be_hidden()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    short = answer.locator(".text").evaluate("box => box.clientHeight")
    answer.get_by_role("button", name="Show all").click()
    assert answer.locator(".text").evaluate("box => box.clientHeight") > short
    page.get_by_role("region", name="Thinking").locator("summary").click()
    expect(thoughts).to_be_visible()


def shown_on_a_page(context: BrowserContext, service: Service, job: dict[str, Any]) -> Page:
    """The page of a job that stands like this."""
    told = [{"type": "stream.snapshot", "data": {"job": job}}, {"type": "stream.end", "data": {"reason": "terminal"}}]
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in told)
    page = context.new_page()
    page.route("**/events?names=0", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    page.goto(f"{service.url}/jobs/{job['id']}")
    return page


def test_a_step_that_an_earlier_run_did_shows_the_seconds_that_it_took_there(
    context: BrowserContext, service: Service
) -> None:
    job = service.wait(service.submit("hello")["id"])
    now = {"weight": 1, "fraction": 1, "started_at": job["created_at"], "finished_at": job["created_at"]}
    told = {"name": "read", "state": "succeeded", "summary": "1,000 rows", "seconds": 12.4, **now}
    reused = {"name": "count", "state": "reused", "seconds": 3.5, **now, "started_at": None}
    page = shown_on_a_page(context, service, {**job, "steps": [told, reused]})
    expect(page.locator(".steps .time")).to_have_text(["12 s", "3.5 s"])


def test_a_step_that_is_a_job_of_its_own_leads_to_it_and_that_job_leads_back(
    context: BrowserContext, service: Service
) -> None:
    job = service.wait(service.submit("hello")["id"])
    child, parent = "01hzabcdefghjkmnpqrstvwxyz", "01hzzyxwvtsrqpnmkjhgfedcba"
    step = {"name": "report", "title": "The report", "state": "running", "weight": 1, "fraction": 0.25, "child": child}
    waiting = {"state": "scheduled", "finished_at": None, "until": job["created_at"], "waits_for": child}
    shown = {**job, **waiting, "parent": parent, "steps": [step], "progress": {"fraction": 0.2, "message": None}}
    page = shown_on_a_page(context, service, shown)
    expect(page.locator(".pill")).to_have_text("Waiting")
    expect(page.locator(".doing")).to_have_text("It waits for a job that it has begun.")
    expect(page.locator(".share")).to_have_text("20%")
    expect(page.get_by_role("progressbar", name="The report")).to_have_attribute("aria-valuenow", "25")
    expect(page.get_by_role("link", name="Part of another job")).to_have_attribute("href", f"/jobs/{parent}")
    page.get_by_role("link", name="The report: its own page").click()
    expect(page).to_have_url(f"{service.url}/jobs/{child}")

"""What a job tells is shown, as text and nothing else; what a reader may wish for it is done."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Complaints, Gated, NewTab, at_the_gate
from tests.browser.trial import MARKUP
from tests.service import Service


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
    assert (page.locator(".chart path.line-0").get_attribute("d") or "").count("L") == 29
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

"""The other pages: the ten lines, the API's description, the page without scripts, the session."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NewTab
from tests.service import Service, running_service

NAMELESS = """[...document.querySelectorAll("button, a, input, select, textarea")].filter((element) =>
  element.checkVisibility() && !element.labels?.length && !(element.textContent.trim() || element.ariaLabel)).length"""
TOKEN = "a token of this test"


def test_the_ten_lines_hear_ticks_to_the_end_and_stop(new_tab: NewTab) -> None:
    page = new_tab("/ticks")
    source = page.get_by_role("region", name=re.compile("Source")).inner_text()
    assert len(source.strip().splitlines()) == 10
    page.get_by_role("button", name="Run it").click()
    heard = page.locator("#heard")
    expect(heard).to_contain_text('"stream.end"', timeout=30_000)
    assert "job.succeeded" in heard.inner_text()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    #: Longer than an EventSource waits before it comes back.
    page.wait_for_timeout(4000)
    assert asked == []


def test_the_api_page_lists_every_operation_of_the_document(new_tab: NewTab, service: Service) -> None:
    page = new_tab("/docs")
    document = httpx.get(f"{service.url}/v1/openapi.json").json()
    methods = {"get", "post", "put", "patch", "delete"}
    count = sum(len(methods & set(item)) for item in document["paths"].values())
    expect(page.locator("article.operation")).to_have_count(count)
    expect(page.locator("article.operation", has_text="/v1/jobs/{job_id}/cancel")).to_have_count(1)


def test_without_scripts_the_page_shows_the_calls_for_a_shell(scriptless: Browser, service: Service) -> None:
    page = scriptless.new_page()
    page.goto(service.url)
    expect(page.get_by_role("heading", name="Without JavaScript")).to_be_visible()
    expect(page.get_by_role("region", name="Commands")).to_contain_text(f"curl {service.url}/v1/job-types")


def test_every_page_forbids_what_is_not_its_own(service: Service) -> None:
    for path in ("/", "/jobs/anything", "/docs", "/ticks"):
        policy = httpx.get(service.url + path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_the_pages_fit_a_phone(new_tab: NewTab, service: Service) -> None:
    job = service.submit("hello")["id"]
    for path in ("/", f"/jobs/{job}", "/docs", "/ticks"):
        page = new_tab(path)
        page.set_viewport_size({"width": 390, "height": 780})
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_landmarks_headings_and_names_are_there_for_those_who_do_not_see(new_tab: NewTab) -> None:
    page = new_tab("/")
    expect(page.get_by_role("radio").first).to_be_visible()
    for role in ("banner", "main", "complementary", "navigation"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate(NAMELESS) == 0


@pytest.fixture(scope="module")
def locked() -> Iterator[Service]:
    """A web process that asks for a token."""
    with running_service(worker=0, TAILRACE_TOKEN=TOKEN) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, locked: Service) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{locked.url}/jobs/00000000000000000000000000")
    yield page
    context.close()


def test_a_visitor_without_a_session_sees_the_form_for_it_and_nothing_else(visitor: Page, locked: Service) -> None:
    expect(visitor.get_by_label("Token")).to_be_focused()
    expect(visitor.locator("aside, nav")).to_have_count(0)
    assert httpx.get(f"{locked.url}/docs").status_code == 401


def test_the_wrong_token_is_said_and_the_right_one_leads_where_the_visitor_wanted(visitor: Page) -> None:
    visitor.get_by_label("Token").fill("wrong")
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("alert")).to_have_text("That is not the token.")
    visitor.get_by_label("Token").fill(TOKEN)
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(re.compile("/jobs/0+$"))
    expect(visitor.get_by_role("alert")).to_contain_text("There is no such job")
    cookie = visitor.context.cookies()[0]
    assert cookie.get("httpOnly") is True
    assert cookie.get("sameSite") == "Strict"
    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor.get_by_label("Token")).to_be_visible()
    assert visitor.context.cookies() == []


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "/\\example.org", "/a\r\nSet-Cookie: x=1"])
def test_signing_in_never_leads_to_another_site(locked: Service, back: str) -> None:
    form = {"token": TOKEN, "back": back}
    answer = httpx.post(f"{locked.url}/session", data=form, headers={"Origin": locked.url})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


def test_files_of_the_page_are_kept_for_good_under_an_address_that_names_their_content(service: Service) -> None:
    found = re.search(r"/assets/([0-9a-f]+)/base\.css", httpx.get(service.url).text)
    assert found is not None
    assert "immutable" in httpx.get(service.url + found[0]).headers["cache-control"]
    another = httpx.get(f"{service.url}/assets/0123456789ab/base.css")
    assert another.headers["cache-control"] == "no-cache"
    for path in ("..%2fpages.py", "../pages.py", "%2e%2e/pages.py", "nothing.css"):
        assert httpx.get(f"{service.url}/assets/{found[1]}/{path}").status_code == 404

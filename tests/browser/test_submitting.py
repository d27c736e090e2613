"""A job is begun from the page: chosen, filled in, sent, refused, uploaded for."""

import re

from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import Complaints, NewTab
from tests.service import ROOT

DROPPED = """() => {
  const moved = new DataTransfer();
  moved.items.add(new File(["a,b\\n1,2\\n"], "dropped.csv"));
  return moved;
}"""
REFUSED = "Failed to load resource"


def chosen(new_tab: NewTab, kind: str) -> Page:
    page = new_tab(f"/?type={kind}")
    expect(page.get_by_role("button", name="Submit")).to_be_visible()
    return page


def posted(page: Page) -> list[Request]:
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if request.method == "POST" else None)
    return found


def test_hello_is_chosen_filled_in_sent_and_seen_to_its_end_by_keyboard_alone(new_tab: NewTab) -> None:
    page = new_tab("/")
    press = page.keyboard.press
    expect(page.get_by_role("radio").first).to_be_visible()
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    press("Enter")
    press("Tab")
    expect(page.locator("input[name=type]:focus")).to_have_count(1)
    for _ in range(20):
        if page.locator("input[name=type]:focus").input_value() == "hello":
            break
        press("ArrowDown")
    expect(page.get_by_role("radio", name=re.compile("hello"))).to_be_checked()
    for _ in range(20):
        press("Tab")
        if page.get_by_role("button", name="Submit").evaluate("button => button === document.activeElement"):
            break
    press("Enter")
    expect(page.locator(".pill")).to_have_text("Succeeded")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_the_form_sends_what_the_schema_asks_for_with_a_key_of_its_own(new_tab: NewTab) -> None:
    page = chosen(new_tab, "echo")
    sent = posted(page)
    page.get_by_label("Count").fill("7")
    page.get_by_label("Ratio").fill("0.5")
    page.get_by_label("Wanted").uncheck()
    page.get_by_label("Colour").select_option("green")
    page.get_by_label("Words").fill("one\n two \n\n")
    page.get_by_role("textbox", name="Labels").first.fill("team: finance")
    page.get_by_label("More", exact=True).fill('{"deep": [1, {"er": null}]}')
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    assert sent[0].post_data_json == {
        "type": "echo",
        "params": {
            "name": "Ada",
            "count": 7,
            "ratio": 0.5,
            "wanted": False,
            "colour": "green",
            "words": ["one", "two"],
            "labels": {"team": "finance"},
            "more": {"deep": [1, {"er": None}]},
        },
    }
    assert re.fullmatch(r"[0-9a-f]{32}", sent[0].headers["idempotency-key"])
    expect(page).to_have_url(re.compile(r"/jobs/[0-9a-z]{26}$"))


def test_the_example_fills_the_form(new_tab: NewTab) -> None:
    page = chosen(new_tab, "echo")
    page.get_by_role("button", name="Fill in the example").click()
    expect(page.get_by_label("Name")).to_have_value("Grace")
    expect(page.get_by_label("Count")).to_have_value("5")


def test_the_example_of_a_batch_brings_its_files_along(new_tab: NewTab) -> None:
    page = chosen(new_tab, "files")
    expect(page.get_by_label("Operation", exact=True)).to_have_value("0")
    page.get_by_role("button", name="Try the example").click()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    expect(page.get_by_role("region", name="Items")).to_contain_text("2 succeeded")


def test_every_fault_of_a_refusal_stands_at_its_field_and_the_first_has_the_focus(
    new_tab: NewTab, complaints: Complaints
) -> None:
    page = chosen(new_tab, "echo")
    count, name = page.get_by_label("Count"), page.get_by_label("Name")
    name.fill("x" * 21)
    count.fill("12")
    page.get_by_role("button", name="Submit").click()
    expect(count).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(count).to_have_accessible_description(re.compile("maximum of 9"))
    expect(name).to_be_focused()
    expect(page.get_by_role("alert")).to_be_visible()
    count.fill("2")
    expect(count).not_to_have_attribute("aria-invalid", "true")
    name.fill("Ada")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    complaints.expect(REFUSED)


def test_what_is_no_json_is_said_at_its_field_and_not_sent(new_tab: NewTab) -> None:
    page = chosen(new_tab, "echo")
    sent = posted(page)
    page.get_by_label("More", exact=True).fill("{nope")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("This is not JSON")).to_be_visible()
    assert sent == []


def test_a_type_that_is_not_there_is_named(new_tab: NewTab) -> None:
    page = new_tab("/?type=nothing-such")
    expect(page.get_by_role("alert")).to_contain_text("There is no job type called “nothing-such”")


def test_a_file_is_uploaded_and_its_report_shows_charts(new_tab: NewTab) -> None:
    sample = next(path for path in sorted((ROOT / "examples/data").iterdir()) if ".csv" in path.name)
    page = chosen(new_tab, "report")
    page.set_input_files("input[type=file]", sample)
    expect(page.locator(".files .arrived")).to_contain_text(sample.name)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".pill")).to_have_text("Succeeded", timeout=60_000)
    expect(page.get_by_role("region", name="Result")).to_be_visible()
    drawn = page.locator(".gallery img")
    expect(drawn.first).to_be_visible()
    for image in drawn.all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate("image => image.naturalWidth") > 0


def test_a_file_dropped_on_the_field_is_uploaded(new_tab: NewTab) -> None:
    page = chosen(new_tab, "report")
    page.dispatch_event(".drop", "drop", {"dataTransfer": page.evaluate_handle(DROPPED)})
    expect(page.locator(".files .arrived")).to_contain_text("dropped.csv")
    page.get_by_role("button", name="Remove dropped.csv").click()
    expect(page.locator(".files li")).to_have_count(0)


def test_a_report_without_a_file_says_so_at_the_field(new_tab: NewTab, complaints: Complaints) -> None:
    page = chosen(new_tab, "report")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".field .fault").first).to_have_text("This is required.")
    complaints.expect(REFUSED)

"""A form for params of any shape: several shapes to choose from, lists of things, things within things."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Complaints, NewTab
from tests.browser.lab import EXAMPLE
from tests.browser.test_submitting import REFUSED, chosen, posted


def test_an_example_is_one_click_away_with_its_file(new_tab: NewTab) -> None:
    page = chosen(new_tab, "shapes")
    sent = posted(page)
    page.get_by_role("button", name="Try the example").click()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    params = sent[-1].post_data_json["params"]
    assert re.fullmatch("[0-9a-z]{26}", params["files"][0])
    assert {**params, "files": []} == {**EXAMPLE, "files": []}


def test_shapes_are_chosen_and_things_added_and_removed_by_their_labels(new_tab: NewTab) -> None:
    page = chosen(new_tab, "shapes")
    sent = posted(page)
    expect(page.get_by_label("Width")).to_have_value("100")
    page.get_by_label("Operation", exact=True).select_option(label="Scale")
    page.get_by_label("Factor").fill("0.25")
    for role in ("system", "user", "user"):
        page.get_by_role("button", name="Add message").click()
        page.get_by_label("Role").last.select_option(label=role)
        page.get_by_label("Content").last.fill(f"From the {role}\nin two lines")
    page.get_by_role("button", name="Remove message 2").click()
    page.get_by_label("Place", exact=True).select_option(label="Given")
    page.get_by_label("City").fill("Ulm")
    page.get_by_label("Stop", exact=True).select_option(label="Text")
    page.get_by_role("textbox", name="Stop").fill("END")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".pill")).to_have_text("Succeeded")
    assert sent[-1].post_data_json["params"] == {
        "operation": {"kind": "scale", "factor": 0.25, "keep": True},
        "steps": [],
        "messages": [
            {"role": "system", "content": "From the system\nin two lines"},
            {"role": "user", "content": "From the user\nin two lines"},
        ],
        "place": {"city": "Ulm", "floors": []},
        "stop": "END",
        "files": [],
    }


def test_a_fault_within_a_thing_stands_at_its_own_field(new_tab: NewTab, complaints: Complaints) -> None:
    page = chosen(new_tab, "shapes")
    for _ in range(2):
        page.get_by_role("button", name="Add step").click()
    page.get_by_label("Step", exact=True).last.select_option(label="Scale")
    page.get_by_label("Factor").fill("9")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_label("Factor")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Factor")).to_have_accessible_description(re.compile("9 is greater than the maximum of 4"))
    expect(page.get_by_label("Factor")).to_be_focused()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    complaints.expect(REFUSED)

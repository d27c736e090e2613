"""A report as the agent's child job: waited for without a worker, told in its parent, and its failure borne."""

from typing import Any

import pytest

from tailrace_testing import After, Told, rehearse
from tests.worker.catalogue.flights_table import flights_csv
from worker.catalogue import agent_job
from worker.outcomes import JobFailed

SAMPLE = flights_csv()
SAID = {"summary": ["Departure delays were highest in July.", "Three days stand out."], "artifacts": ["report.html"]}


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAILRACE_OPENAI_BASE_URL", raising=False)


def ask(report: Any = SAID, goal: str = "Write a report on the flights", **more: Any) -> Told:
    params = {"goal": goal, "files": ["flights.csv"], **more.pop("params", {})}
    return rehearse(agent_job, params, files={"flights.csv": SAMPLE}, children={"report": report}, **more)


@pytest.fixture(scope="module")
def undisturbed() -> Told:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TAILRACE_OPENAI_BASE_URL", raising=False)
        return ask(reraise=True)


def test_what_the_report_found_is_in_the_answer(undisturbed: Told) -> None:
    told = undisturbed
    assert "Departure delays were highest in July. Three days stand out." in told.text("answer")
    assert [told.result["steps"], len(told.result["reports"])] == [1, 1]
    (begun, *_) = told.of("step.started", name="1 report")
    assert begun.data["parent"] == "tools"
    assert begun.data["child"] == told.result["reports"][0]
    assert told.of("job.scheduled"), "the run ends while the report is made"


def test_nothing_is_told_twice_though_the_job_has_run_twice(undisturbed: Told) -> None:
    told = undisturbed
    assert told.text("thinking").count("flights.csv: table flights") == 1
    assert list(told.items) == ["1 report"]


def test_what_an_earlier_run_did_keeps_its_seconds_and_its_lines(undisturbed: Told) -> None:
    told = undisturbed
    first, again = told.of("step.succeeded", name="understand")
    assert again.data["seconds"] == first.data["seconds"] == told.steps["understand"]["seconds"] > 0
    lines = [event.data["message"] for event in told.of("log")]
    assert len(lines) == len(set(lines)) > 0


def test_the_report_is_asked_for_the_upload_itself() -> None:
    asked: list[Any] = []
    told = ask(lambda params: asked.append(params) or SAID)
    assert [list(params) for params in asked] == [["file"]]
    assert told.state == "succeeded"


def test_a_report_that_fails_is_told_and_does_not_fail_the_job() -> None:
    told = ask(JobFailed("not_a_table", "The file is a picture."))
    assert told.state == "succeeded"
    assert told.items["1 report"]["state"] == "failed"
    assert "The file is a picture." in told.text("answer")


MOMENTS = ["plan", "1 report", After("step.started", 2, name="1 report"), After("item"), "answer"]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_another_run_has_the_same_answer_and_begins_no_second_report(undisturbed: Told, moment: Any) -> None:
    begun: list[Any] = []
    told = ask(lambda params: begun.append(params) or SAID, crash_at=moment)
    assert len(begun) == 1
    assert told.result["answer"] == undisturbed.result["answer"]
    assert told.text("thinking") == undisturbed.text("thinking")


@pytest.mark.parametrize("moment", ["1 report", After("job.scheduled")], ids=str)
def test_a_cancel_while_the_report_is_made_ends_it(moment: Any) -> None:
    assert ask(cancel_at=moment).state == "cancelled"

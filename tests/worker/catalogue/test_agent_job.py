"""The agent without a language model: honest answers by rules, and what ends, interrupts or repeats it."""

import csv
import io
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tailrace_testing import After, Told, rehearse
from tests.service import wait_for
from tests.worker.catalogue.flights_table import flights_csv
from worker.catalogue import agent_job
from worker.outcomes import JobFailed

CONTRACT = """# Rental contract

The landlord lets the flat at 4 Mill Lane to the tenant from 1 March.

## Notice

Either side can end the contract by giving notice in writing. The notice period is three months to the end of a month.

## Rent

The rent is 950 a month and is due on the third working day. Heating is paid apart.
"""
FILES = {"flights.csv": flights_csv(), "contract.md": CONTRACT.encode()}
RANKING = "Which airport has the highest mean departure delay?"
BOTH = "Which airport has the highest mean departure delay, and what is the notice period of the contract?"


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAILRACE_OPENAI_BASE_URL", raising=False)


def ask(goal: str, files: dict[str, bytes] | None = None, **more: Any) -> Told:
    chosen = FILES if files is None else files
    params = {"goal": goal, "files": list(chosen), **more.pop("params", {})}
    return rehearse(agent_job, params, files=chosen, **more)


@pytest.fixture(scope="module")
def both() -> Told:
    """An undisturbed run that asks a table, draws, and quotes a document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TAILRACE_OPENAI_BASE_URL", raising=False)
        return ask(BOTH, reraise=True)


def test_a_figure_is_right_and_says_where_it_comes_from(both: Told) -> None:
    delays: dict[str, list[float]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(flights_csv().decode())):
        delays[row["airport"]].append(float(row["departure_delay"]))
    means = sorted(((sum(found) / len(found), airport) for airport, found in delays.items()), reverse=True)
    answer = both.text("answer")
    assert f"is highest for {means[0][1]} with {means[0][0]:.4g}".rstrip("0") in answer
    assert "flights.csv: SELECT" in answer
    assert both.artifacts["chart-highest-mean-departure-delay-by-airport.svg".replace("highest-", "")].startswith(
        b"<?xml"
    )


def test_a_document_is_quoted_with_its_place(both: Told) -> None:
    assert "three months to the end of a month" in both.text("answer")
    assert any(
        source["file"] == "contract.md" and source["place"].startswith("lines") for source in both.result["sources"]
    )


def test_the_steps_come_in_their_order_and_each_tells_what_it_did(both: Told) -> None:
    declared = [step.name for step in agent_job.steps]
    top = [event.data["name"] for event in both.of("step.started") if "parent" not in event.data]
    assert top == declared == ["understand", "plan", "search", "tools", "answer"]
    inner = [event.data["name"] for event in both.of("step.started", parent="tools")]
    assert inner == ["turn 1", "1 sql", "2 chart", "turn 2"]
    assert both.steps["understand"]["summary"] == "1 passage in 1 document, 1 table"


def test_each_call_is_an_item_with_arguments_and_result(both: Told) -> None:
    item = both.items["1 sql"]
    assert item["state"] == "succeeded"
    assert "departure_delay" in item["fields"]["arguments"]
    assert "EWR" in item["fields"]["result"]


def test_it_says_that_rules_and_no_model_have_planned(both: Told) -> None:
    assert "No language model is set up" in both.text("thinking")
    assert (both.result["planner"], both.result["tokens"], both.result["partial"]) == ("rules", 0, False)


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("Who painted the ceiling of the Sistine Chapel?", "The files do not answer this, as far as rules can tell"),
        ("what is 12 * (3 + 4)?", "12 * (3 + 4) = 84"),
        ("total flights in February", "The total flights in flights.csv where the month is February is 876 [1]."),
        ("total flights to Boston", "This takes no account of “boston”"),
        ("How did temperature change over time?", "By month, the mean temperature in flights.csv went from"),
    ],
)
def test_an_answer_is_honest(goal: str, said: str) -> None:
    assert said in ask(goal, reraise=True).text("answer")


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_used() -> None:
    told = ask(
        "notice period", {"a.csv": b"", "b.pdf": b"%PDF-1.7 broken", "contract.md": CONTRACT.encode()}, reraise=True
    )
    assert "a.csv could not be read: The file is empty." in told.text("thinking")
    assert "three months" in told.text("answer")


def test_where_no_file_can_be_read_the_job_fails_early() -> None:
    with pytest.raises(JobFailed) as failed:
        ask("anything", {"a.csv": b""}, reraise=True)
    assert failed.value.code == "nothing_readable"


def test_a_model_that_nobody_has_set_up_is_refused_before_any_work() -> None:
    with pytest.raises(JobFailed) as failed:
        ask(RANKING, params={"model": "large"}, reraise=True)
    assert failed.value.code == "model_unavailable"


def test_a_budget_of_steps_ends_it_early_with_what_there_is() -> None:
    told = ask(BOTH, params={"max_steps": 1}, reraise=True)
    assert (told.result["partial"], told.result["limit"], told.result["steps"]) == (True, "steps", 1)
    assert told.text("answer").startswith("This answer is partial. The budget of 1 tool calls is used up")
    assert "is highest for" in told.text("answer")


MOMENTS = ["understand", "search", "1 sql", After("artifact.ready"), "answer"]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_cancel_leaves_nothing_wherever_it_comes(
    moment: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = threading.active_count()
    assert ask(BOTH, cancel_at=moment).state == "cancelled"
    assert list(tmp_path.iterdir()) == []
    #: An import that has begun goes to its end, in a thread of its own.
    wait_for(lambda: threading.active_count() <= before, what="the last thread's end")


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_another_run_has_the_same_answer(both: Told, moment: Any) -> None:
    told = ask(BOTH, **{"release_at" if moment == "1 sql" else "crash_at": moment})
    assert told.result == both.result
    assert {name: told.text(name) for name in ("thinking", "answer")} == {
        name: both.text(name) for name in ("thinking", "answer")
    }
    assert told.items == both.items
    assert told.artifacts == both.artifacts


def test_the_tools_are_told_with_the_seconds_of_all_runs() -> None:
    first, again = ask(BOTH, crash_at="answer").of("step.succeeded", name="tools")
    assert first.data["seconds"] == again.data["seconds"] > 0


def test_what_is_done_is_not_done_again(both: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.catalogue.agent.sandbox import Sandbox

    asked: list[str] = []
    select = Sandbox.select
    monkeypatch.setattr(Sandbox, "select", lambda *args: asked.append(args[1]) or select(*args))
    told = ask(BOTH, crash_at=["2 chart", "answer"])
    assert told.result == both.result
    assert len(asked) == 2, "one query, and one for the chart"

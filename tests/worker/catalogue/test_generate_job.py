"""The job with the model that a worker has of its own: what it tells, where it stops, and what outlives its worker."""

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tailrace_testing import After, Told, rehearse
from worker.catalogue import generate_job
from worker.catalogue.generate.embedded import NOTE, TEXT
from worker.catalogue.generate.job import BASIC_TOKENS

ROOT = Path(__file__).parents[3]
PARAMS = {"prompt": "Alice was", "max_tokens": 60, "seed": 7}


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAILRACE_OPENAI_BASE_URL", raising=False)


def told_of(**more: Any) -> Told:
    return rehearse(generate_job, {**PARAMS, **more})


@pytest.fixture(scope="module")
def undisturbed() -> Told:
    """One that nothing happens to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TAILRACE_OPENAI_BASE_URL", raising=False)
        return rehearse(generate_job, PARAMS)


def test_text_comes_token_by_token_and_its_result_says_how_much_there_is(undisturbed: Told) -> None:
    assert undisturbed.state == "succeeded"
    assert len(undisturbed.of("output.delta", name="text")) == 60
    assert undisturbed.result == {
        "model": "alice-4-grams",
        "source": "embedded",
        "finish_reason": "length",
        "usage": {"prompt_tokens": 2, "completion_tokens": 60, "total_tokens": 62},
        "seed": 7,
        "basic": False,
    }
    assert undisturbed.artifacts["text.txt"].decode() == undisturbed.text("text")


def test_its_speed_and_its_tokens_are_measured(undisturbed: Told) -> None:
    measured = {event.data["name"]: event.data["value"] for event in undisturbed.of("metric")}

    assert measured["tokens"] == 60
    assert measured["prompt_tokens"] == 2
    assert measured["tokens_per_second"] > 0


def test_its_speed_is_a_curve_over_its_tokens_and_the_rest_are_single_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.catalogue.generate.telling.METRIC_SECONDS", 0)
    series = {name: metric["series"] for name, metric in told_of().job["metrics"].items()}

    assert [step for step, _ in series.pop("tokens_per_second")] == [*range(2, 61), 60]
    assert {name: len(points) for name, points in series.items()} == {"first_token": 1, "tokens": 1, "prompt_tokens": 1}


def test_it_says_plainly_that_no_language_model_has_written_this(undisturbed: Told) -> None:
    assert undisturbed.text("note") == NOTE
    assert NOTE in [event.data["message"] for event in undisturbed.of("log")]


def test_what_it_strings_together_are_words_of_the_book(undisturbed: Told) -> None:
    book = set(re.findall(r"\w+", TEXT.read_text("utf-8")))

    assert set(re.findall(r"\w+", undisturbed.text("text"))) <= book


def test_a_seed_gives_the_same_text_another_gives_another(undisturbed: Told) -> None:
    assert told_of().text("text") == undisturbed.text("text") != told_of(seed=8).text("text")


def test_a_stop_sequence_is_where_the_text_ends_and_no_part_of_it(undisturbed: Told) -> None:
    word = undisturbed.text("text").split()[20]
    told = told_of(stop=[word])

    assert told.result["finish_reason"] == "stop"
    assert told.text("text") == undisturbed.text("text").partition(word)[0]


def test_of_a_chat_the_last_turn_is_gone_on_from(undisturbed: Told) -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PARAMS["prompt"]}]
    told = rehearse(generate_job, {"messages": turns, "max_tokens": 60, "seed": 7})

    assert told.text("text") == undisturbed.text("text")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"prompt": "  "},
        {"prompt": "a", "messages": [{"content": "b"}]},
        {"messages": [{"role": "tool", "content": "b"}]},
        {"prompt": "a", "max_tokens": 0},
        {"prompt": "a", "temperature": 3},
        {"prompt": "a", "stop": [""]},
        {"prompt": "a", "api_key": "x"},
    ],
)
def test_params_that_make_no_sense_are_refused(params: dict[str, Any]) -> None:
    told = rehearse(generate_job, params)

    assert (told.state, told.error and told.error.code) == ("failed", "invalid")


def test_a_model_that_is_not_there_ends_the_job_before_any_work() -> None:
    told = told_of(model="gpt-6")

    assert told.error is not None
    assert told.error.code == "model_unavailable"
    assert [event.data["name"] for event in told.of("step.started")] == ["check"]
    assert told.attempt == 1


def test_a_busy_service_gets_the_basic_version_and_is_told_so() -> None:
    told = rehearse(generate_job, {**PARAMS, "max_tokens": 500}, load=3)

    assert told.result["usage"]["completion_tokens"] == BASIC_TOKENS
    assert told.result["basic"] is True
    assert any("basic version" in event.data["message"] for event in told.of("log"))


MOMENTS = sorted(Random(5).sample(range(3, 120), 5))


@pytest.mark.parametrize("moment", MOMENTS)
def test_cancelled_at_any_moment_it_ends_at_once(moment: int) -> None:
    told = rehearse(generate_job, PARAMS, cancel_at=moment)

    assert told.state == "cancelled"
    assert told.job["cancel"]["mode"] == "cooperative"


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_it_ends_as_if_nothing_had_happened(moment: int, undisturbed: Told) -> None:
    told = rehearse(generate_job, PARAMS, crash_at=moment)

    assert told.attempt == 2
    assert (told.result, told.text("text")) == (undisturbed.result, undisturbed.text("text"))


def test_a_seed_that_nobody_gave_is_drawn_once_for_all_runs() -> None:
    told = rehearse(generate_job, {"prompt": "Alice was", "max_tokens": 30}, crash_at=After("output.delta", 20))
    again = rehearse(generate_job, {"prompt": "Alice was", "max_tokens": 30, "seed": told.result["seed"]})

    assert told.text("text") == again.text("text")


def test_a_text_that_was_finished_is_told_again_and_not_written_again(undisturbed: Told) -> None:
    told = rehearse(generate_job, PARAMS, crash_at=After("artifact.ready"))

    assert told.attempt == 2
    assert (told.result, told.text("text")) == (undisturbed.result, undisturbed.text("text"))
    assert [event.data["name"] for event in told.of("step.skipped")] == ["check", "learn"]
    assert set(told.steps) == {"check", "learn", "generate"}


def test_the_page_on_it_names_its_params_and_its_faults() -> None:
    page = (ROOT / "docs" / "jobs" / "generate.md").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "worker/catalogue").glob("**/*.py") if _ours(path))
    codes = set(re.findall(r'JobFailed\(\s*"(\w+)"', code))

    params = page.partition("## Params")[2].partition("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", params, re.MULTILINE) == list(generate_job.params.model_fields)
    assert codes <= set(re.findall(r"`(\w+)`", page.partition("## When it fails")[2]))


def _ours(path: Path) -> bool:
    return path.parent.name == "generate" or path.stem.startswith("endpoint")

"""The job with an endpoint that is awkward on purpose."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from jobs.model import JobState
from tailrace_testing import Told, rehearse
from tests.worker.catalogue.scripted_endpoint import Reply, ScriptedEndpoint, delta, ended, failed, scripted, used
from tests.worker.rig import Rig
from worker.catalogue import generate_job
from worker.catalogue.generate import telling

WHOLE = Reply(chunks=[delta(content="Hello"), delta(content=" there"), ended("stop"), used(4, 9)])


def told_with(
    patch: pytest.MonkeyPatch, *replies: Reply, models: Sequence[str] = ("tiny",), **params: Any
) -> tuple[Told, ScriptedEndpoint]:
    with scripted(*replies, models=models) as server:
        for name, value in server.env.items():
            patch.setenv(name, value)
        return rehearse(generate_job, {"prompt": "Hi", "max_tokens": 10, **params}), server


def test_what_is_asked_for_is_what_the_params_say_and_nothing_that_they_leave_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    _, plain = told_with(monkeypatch, WHOLE)
    given = {"temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["END"]}
    _, full = told_with(monkeypatch, WHOLE, prompt="", messages=chat, models=["a", "b"], model="b", **given)

    always = {"max_tokens": 10, "stream": True, "stream_options": {"include_usage": True}}
    assert plain.asked == [{"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], **always}]
    assert full.asked == [{"model": "b", "messages": chat, **always, **given}]


def test_usage_is_the_endpoint_s_own_count(monkeypatch: pytest.MonkeyPatch) -> None:
    told, _ = told_with(monkeypatch, WHOLE)

    assert told.text("text") == "Hello there"
    assert told.result["usage"] == {"prompt_tokens": 4, "completion_tokens": 9, "total_tokens": 13}
    assert told.result["finish_reason"] == "stop"


def test_an_endpoint_that_does_not_count_is_counted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told, _ = told_with(monkeypatch, Reply(chunks=[delta(content="a"), delta(content="b"), ended("length")]))

    assert told.result["usage"] == {"prompt_tokens": None, "completion_tokens": 2, "total_tokens": 2}


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_what_a_model_thinks_is_an_output_of_its_own(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    thought = [delta(**{name: "Hm."}), delta(content="Yes."), ended("stop")]
    told, _ = told_with(monkeypatch, Reply(chunks=thought))

    assert (told.text("thinking"), told.text("text")) == ("Hm.", "Yes.")


@pytest.mark.parametrize("then", ["cut", "done"])
def test_an_answer_that_breaks_off_is_begun_anew_and_its_text_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    told, server = told_with(monkeypatch, Reply(chunks=[delta(content="Hel")], then=then), WHOLE)

    assert (told.state, told.attempt, told.text("text")) == ("succeeded", 2, "Hello there")
    assert told.of("output.reset", name="text")
    assert told.of("job.retrying")[0].data["error"]["code"] == "connection_lost"
    assert len(server.asked) == 2


def test_tries_are_bounded_and_the_last_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    told, server = told_with(monkeypatch, Reply(chunks=[delta(content="Hel")], then="cut"))

    assert told.error is not None
    assert told.error.code == "connection_lost"
    assert len(server.asked) == told.attempt == generate_job.max_attempts


def test_an_error_in_the_middle_of_a_stream_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    told, _ = told_with(
        monkeypatch, Reply(chunks=[delta(content="Hel"), {"error": {"message": "out of memory"}}]), WHOLE
    )

    assert told.attempt == 2
    assert told.of("job.retrying")[0].data["error"]["message"].endswith("out of memory")


def test_a_model_that_calls_the_limit_by_its_other_name_is_asked_by_that(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = failed(400, param="max_tokens", code="unsupported_parameter")
    told, server = told_with(monkeypatch, refusal, WHOLE)

    assert (told.state, told.attempt) == ("succeeded", 1)
    assert "max_tokens" not in server.asked[1]
    assert server.asked[1]["max_completion_tokens"] == 10


def test_a_request_that_it_does_not_take_ends_the_job_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told, server = told_with(monkeypatch, failed(400, param="temperature"))

    assert told.error is not None
    assert (told.error.code, len(server.asked)) == ("endpoint_rejected", 1)


def test_an_endpoint_that_does_not_heed_the_limit_is_heard_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "MOST_CHARACTERS", 40)
    told, server = told_with(monkeypatch, Reply(chunks=[delta(content="0123456789")] * 9, then="silence"))

    assert told.state == "succeeded"
    assert told.text("text") == "0123456789" * 4
    assert told.result["finish_reason"] == "length"
    assert server.left.wait(5)


@pytest.mark.parametrize("chunks", [[], [delta(content="Hel")]])
def test_a_cancel_reaches_an_endpoint_that_says_nothing(monkeypatch: pytest.MonkeyPatch, chunks: list[Any]) -> None:
    """Cooperative: it was not the interrupt after a second that ended it."""
    with scripted(Reply(chunks=chunks, then="silence")) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        rig = Rig(generate_job, params={"prompt": "Hi"})
        ending = threading.Thread(target=lambda: server.busy.wait(10) and rig.cancel())
        ending.start()
        ended_job = rig.run()
        ending.join()

        assert server.left.wait(1)
        assert ended_job is not None
        assert ended_job.state is JobState.CANCELLED
        assert ended_job.cancel is not None
        assert ended_job.cancel.mode == "cooperative"

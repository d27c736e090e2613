"""The job with a real language model behind a real server: llama.cpp, which is cancelled, killed and started again."""

import threading
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from jobs import decisions
from jobs import events as ev
from jobs.model import JobState
from tailrace_testing import After, Told, rehearse
from tests.service import wait_for
from tests.worker.catalogue.model_server import ModelServer, model_server
from tests.worker.catalogue.tiny_model import WORDS
from tests.worker.rig import Rig, until
from worker.catalogue import generate_job

pytestmark = pytest.mark.acceptance

PARAMS: dict[str, Any] = {"prompt": "Where does the river go?", "max_tokens": 80, "seed": 3}
#: More than the server writes in the time of a test.
LONG = {**PARAMS, "max_tokens": 7000}


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


@pytest.fixture(autouse=True)
def _endpoint(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def undisturbed(server: ModelServer) -> Told:
    """One that nothing happens to."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.env.items():
            patch.setenv(name, value)
        return rehearse(generate_job, PARAMS)


def test_text_comes_token_by_token_and_the_usage_is_the_server_s(undisturbed: Told) -> None:
    assert undisturbed.state == "succeeded"
    assert undisturbed.result["model"] == "tiny"
    assert undisturbed.result["usage"]["completion_tokens"] == 80
    assert undisturbed.result["usage"]["prompt_tokens"] > 4
    assert len(undisturbed.of("output.delta", name="text")) >= 79
    assert set(undisturbed.text("text").split()) <= set(WORDS)


def test_a_model_that_the_server_does_not_have_ends_the_job_before_any_work(server: ModelServer) -> None:
    before = server.written()
    told = rehearse(generate_job, {**PARAMS, "model": "large"})

    assert told.error is not None
    assert told.error.code == "model_unavailable"
    assert "tiny" in told.error.message
    assert server.written() == before


def test_a_wrong_key_ends_the_job_and_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_OPENAI_API_KEY", "sesame")
    told = rehearse(generate_job, PARAMS)

    assert told.error is not None
    assert (told.error.code, told.attempt) == ("endpoint_refused", 1)
    assert "sesame" not in str(told)


@pytest.mark.parametrize("moment", sorted(Random(6).sample(range(8, 200), 5)))
def test_cancelled_at_any_moment_it_leaves_the_server_idle(server: ModelServer, moment: int) -> None:
    before = server.written()
    told = rehearse(generate_job, LONG, cancel_at=moment)

    assert (told.state, told.job["cancel"]["mode"]) == ("cancelled", "cooperative")
    wait_for(lambda: not server.busy(), 1, what="the server to stop")
    assert server.written() - before < LONG["max_tokens"] / 2


@pytest.mark.parametrize("moment", sorted(Random(7).sample(range(8, 160), 5)))
def test_killed_at_any_moment_it_ends_as_if_nothing_had_happened(moment: int, undisturbed: Told) -> None:
    told = rehearse(generate_job, PARAMS, crash_at=moment)

    assert told.attempt == 2
    assert (told.result, told.text("text")) == (undisturbed.result, undisturbed.text("text"))


def test_released_by_its_worker_it_goes_on_elsewhere_and_leaves_the_server_to_the_next_run(undisturbed: Told) -> None:
    told = rehearse(generate_job, PARAMS, release_at=After("output.delta", 30))

    assert told.attempt == 1
    assert (told.result, told.text("text")) == (undisturbed.result, undisturbed.text("text"))


def test_a_server_that_is_killed_in_mid_text_and_comes_back_is_asked_again(server: ModelServer) -> None:
    rig = Rig(generate_job, params={**PARAMS, "max_tokens": 600})
    killing = threading.Thread(target=lambda: until(lambda: rig.events(ev.OutputAppended)) and server.kill())
    killing.start()
    broken = rig.run()
    killing.join()
    assert broken is not None
    assert broken.state is JobState.SCHEDULED
    assert rig.events(ev.JobRetrying)[0].error.code == "connection_lost"

    server.start()
    rig.decide(decisions.promote)
    whole = rig.run()

    assert whole is not None
    assert whole.state is JobState.SUCCEEDED
    assert whole.result["usage"]["completion_tokens"] == 600
    assert [reset.name for reset in rig.events(ev.OutputReset)] == ["text"]
    assert len(whole.outputs["text"].text.split()) == 600

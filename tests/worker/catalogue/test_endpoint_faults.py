"""What goes wrong at an endpoint: what ends the job, what is worth another attempt, and that no key is told."""

import pytest

from tests.worker.catalogue.scripted_endpoint import Reply, failed, scripted
from worker.catalogue.endpoint import endpoint
from worker.catalogue.endpoint_faults import LONGEST_PAUSE_SECONDS, understood
from worker.outcomes import JobFailed, Retry


def raised_by(reply: Reply) -> Exception:
    """What a request ends in that is answered with *reply*."""
    with scripted(models=reply) as server:
        there = endpoint({**server.env, "TAILRACE_OPENAI_API_KEY": "sesame"})
        assert there is not None
        with pytest.raises((JobFailed, Retry)) as told:
            there.check()
    return told.value


@pytest.mark.parametrize(
    ("reply", "code", "again"),
    [
        (failed(401), "endpoint_refused", False),
        (failed(403), "endpoint_refused", False),
        (failed(400), "endpoint_rejected", False),
        (failed(422), "endpoint_rejected", False),
        (failed(429), "rate_limited", True),
        (failed(429, code="insufficient_quota"), "quota_exhausted", False),
        (failed(500), "endpoint_failed", True),
        (failed(503), "endpoint_failed", True),
        (failed(409), "endpoint_failed", True),
    ],
)
def test_what_lies_with_the_request_ends_the_job_what_may_pass_is_tried_again(
    reply: Reply, code: str, again: bool
) -> None:
    told = raised_by(reply)

    assert isinstance(told, JobFailed)
    assert (told.code, told.retryable) == (code, again)
    assert "sesame" not in told.message


def test_what_the_endpoint_says_of_a_request_that_it_does_not_take_is_told() -> None:
    assert "it says so" in str(raised_by(failed(400)))


@pytest.mark.parametrize(("asked", "kept"), [("7", 7.0), ("99999", LONGEST_PAUSE_SECONDS)])
def test_a_pause_that_an_endpoint_asks_for_is_kept_within_reason(asked: str, kept: float) -> None:
    told = raised_by(failed(429, retry_after=asked))

    assert isinstance(told, Retry)
    assert told.delay_seconds == kept


def test_an_endpoint_that_nobody_listens_at_is_tried_again() -> None:
    with scripted() as server:
        gone = endpoint(server.env)
    assert gone is not None
    with pytest.raises(JobFailed) as told:
        gone.check()

    assert (told.value.code, told.value.retryable) == ("endpoint_unreachable", True)


def test_what_is_no_fault_of_the_endpoint_s_goes_on_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), understood():
        _ = 1 / 0

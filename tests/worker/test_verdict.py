"""What a job is told, and what holds it back."""

from worker.outcomes import Cancelled, RunOver, TimedOut
from worker.verdict import Verdict


def test_the_first_verdict_stays_but_for_the_loss_of_the_run() -> None:
    verdict = Verdict()
    assert verdict.give(Cancelled)
    assert not verdict.give(TimedOut)
    assert verdict.open is Cancelled
    assert verdict.give(RunOver)
    assert not verdict.give(RunOver)
    assert verdict.over


def test_a_shield_holds_back_what_was_found_before_and_during_it() -> None:
    verdict = Verdict()
    verdict.give(Cancelled)
    with verdict.shield():
        assert (verdict.found, verdict.open) == (Cancelled, None)
        with verdict.shield():
            verdict.give(RunOver)
        assert verdict.open is None
    assert verdict.open is RunOver

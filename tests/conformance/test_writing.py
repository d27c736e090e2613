"""Many writers on one log: whoever comes second reads again, and every event is stored exactly once."""

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from app.relay.replay import Gap, gap
from jobs import decisions, redis_log
from jobs import events as ev
from jobs.errors import InvalidEvent, InvalidTransition, LogUnavailable, RunLost
from jobs.eventlog import Batch, Cursor, EventLog, Page
from jobs.model import Job, JobState
from jobs.writer import CHECKPOINT_EVENTS, Writer, load
from tests.conformance.conftest import MAX_EVENTS, Bench
from tests.histories import BEGIN

JOB = "01j9zc3k2v8r5n7m4q6w0x1y2e"
REQUEST = ev.Request(type="t", params={}, max_attempts=50)
STARTED = ev.JobStarted(worker="w", attempt=1)
THREADS = 8


def still() -> int:
    """A clock that stands: every writer writes at the same millisecond."""
    return BEGIN


def writer(log: EventLog, **more: Any) -> Writer:
    return Writer(log, JOB, still, **more)


def begun(log: EventLog) -> Writer:
    """The writer of a run that has just begun."""
    job = writer(log).create([ev.JobQueued(request=REQUEST), STARTED])
    return writer(log, job=job, run=job.run)


def line(text: str) -> ev.LogWritten:
    return ev.LogWritten(level="info", message=text)


def entries(log: EventLog) -> list[tuple[str, str]]:
    """Id and type of every event."""
    return [(str(entry.cursor), entry.type) for entry in log.read(JOB, 0, 10_000).entries]


def types(log: EventLog) -> list[str]:
    return [name for _, name in entries(log)]


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each call returned, or the error that it raised; all begin at the same moment."""
    gate, found = threading.Barrier(len(calls)), list[Any]([None] * len(calls))

    def run(n: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            found[n] = call()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found[n] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    return found


class LossyLog:
    """Another log of which some replies are lost: the append is stored, its writer hears of an unreachable log."""

    def __init__(self, log: EventLog, meanwhile: Callable[[], Any] = lambda: None) -> None:
        self._log, self._meanwhile = log, meanwhile
        self.lost = 0

    def append(self, job_id: str, batch: Batch) -> Cursor:
        at = self._log.append(job_id, batch)
        if not self.lost:
            self.lost = 1
            self._meanwhile()
            raise LogUnavailable(why="the reply was lost")
        return at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def patience(_error: LogUnavailable, tries: int) -> None:
    assert tries < 3


# Many at once ----------------------------------------------------------------------------------------------------


def test_every_event_of_eight_writers_is_stored_exactly_once_and_in_each_ones_order(bench: Bench) -> None:
    job = writer(bench.log).create([ev.JobQueued(request=REQUEST), STARTED])

    def write(number: int) -> None:
        own = Writer(bench.another(), JOB, still)
        for n in range(12):
            own.write([line(f"{number}.{n}"), line(f"{number}.{n} too")])

    assert at_once([lambda n=n: write(n) for n in range(THREADS)]) == [None] * THREADS
    page = bench.log.read(JOB, job.seq)
    texts = [msgspec.json.decode(entry.envelope)["data"]["message"] for entry in page.entries]
    assert [entry.cursor.seq for entry in page.entries] == list(range(3, 3 + 2 * 12 * THREADS))
    for number in range(THREADS):
        own = [text for text in texts if text.split(".")[0] == str(number)]
        assert own == [text for n in range(12) for text in (f"{number}.{n}", f"{number}.{n} too")]
    assert load(bench.log, JOB).seq == 2 + 2 * 12 * THREADS


def test_of_cancel_finish_and_loss_at_one_moment_exactly_one_ends_the_job(bench: Bench) -> None:
    run = begun(bench.log)

    def decide(decision: Callable[[Job], decisions.Events]) -> Callable[[], Any]:
        own = Writer(bench.another(), JOB, still)
        return lambda: own.decide(decision)

    wishes = [
        decide(lambda job: decisions.cancel(job, now_ms=BEGIN, grace_seconds=5, reason=None, by=None)),
        decide(lambda job: decisions.lose(job, since_ms=BEGIN, run=2)),
        decide(lambda job: decisions.kill(job, run=2, error=ev.Failure(code="timeout", message="late"))),
        decide(lambda job: decisions.release(job, run=2)),
        lambda: run.write([ev.JobSucceeded(result=1)]),
        lambda: Writer(bench.another(), JOB, still, run=2).write([ev.JobSucceeded(result=2)]),
        decide(decisions.expire),
        decide(lambda job: decisions.lose(job, since_ms=BEGIN)),
    ]
    for error in (found for found in at_once(wishes) if isinstance(found, Exception)):
        assert isinstance(error, RunLost | InvalidTransition)
    #: Where the release or a retry came first, the job waits: somebody cancels it.
    writer(bench.log).decide(lambda job: decisions.cancel(job, now_ms=BEGIN, grace_seconds=5, reason=None, by=None))
    writer(bench.log).decide(lambda job: decisions.lose(job, since_ms=BEGIN))

    job, told = load(bench.log, JOB), types(bench.log)
    assert job.state.terminal
    assert [name for name in told if name in ev.TERMINAL] == [told[-1]] == [f"job.{job.state}"]


def test_the_same_id_created_by_eight_at_once_is_one_job(bench: Bench) -> None:
    jobs = at_once([lambda: writer(bench.another()).create([ev.JobQueued(request=REQUEST)]) for _ in range(THREADS)])

    assert len({job.epoch for job in jobs}) == 1
    assert [job.seq for job in jobs] == [1] * THREADS
    assert types(bench.log) == ["job.queued"]


def test_two_claims_by_one_worker_at_the_same_millisecond_are_told_apart(log: EventLog) -> None:
    """Their events are equal to the last byte, only one of them is stored."""
    writer(log).create([ev.JobQueued(request=REQUEST)])
    mine, yours = writer(log), writer(log)
    assert mine.job == yours.job

    mine.write([STARTED])
    with pytest.raises(InvalidTransition):
        yours.write([STARTED])
    assert types(log) == ["job.queued", "job.started"]


# Lost replies ----------------------------------------------------------------------------------------------------


def test_an_append_whose_reply_was_lost_is_stored_once(log: EventLog) -> None:
    begun(log)
    lossy = LossyLog(log)
    job = writer(lossy, run=2, patience=patience).write([line("a"), line("b")])

    assert (lossy.lost, job.seq) == (1, 4)
    assert types(log)[2:] == ["log", "log"]


def test_an_append_whose_reply_was_lost_is_stored_once_also_where_others_came_between(bench: Bench) -> None:
    begun(bench.log)
    lossy = LossyLog(bench.log, lambda: writer(bench.log).write([line("other")]))
    run = writer(lossy, run=2, patience=patience)
    run.write([line("a"), line("b")])
    run.write([line("c")])

    texts = [line.message for line in load(bench.log, JOB).log]
    assert texts == ["a", "b", "other", "c"]


def test_a_terminal_event_whose_reply_was_lost_is_no_lost_run(log: EventLog) -> None:
    begun(log)
    job = writer(LossyLog(log), run=2, patience=patience).write([ev.JobSucceeded(result=1)])

    assert job.state is JobState.SUCCEEDED
    assert types(log)[2:] == ["job.succeeded"]


def test_a_job_whose_creation_was_not_answered_is_created_once(log: EventLog) -> None:
    job = writer(LossyLog(log), patience=patience).create([ev.JobQueued(request=REQUEST)])

    assert load(log, JOB) == job
    assert types(log) == ["job.queued"]


def test_a_request_has_no_patience(log: EventLog) -> None:
    begun(log)
    with pytest.raises(LogUnavailable):
        writer(LossyLog(log)).write([line("a")])


# Runs ------------------------------------------------------------------------------------------------------------


def test_a_run_that_was_replaced_writes_nothing_more(log: EventLog) -> None:
    zombie = begun(log)
    writer(log).decide(lambda job: decisions.lose(job, since_ms=BEGIN))
    writer(log).decide(lambda job: decisions.start(job, worker="w", steps=None))
    before = entries(log)

    for event in (line("still here"), ev.JobSucceeded(result=1), ev.JobReleased()):
        with pytest.raises(RunLost):
            zombie.write([event])
    assert entries(log) == before
    assert writer(log, run=load(log, JOB).run).write([line("mine")]).seq == len(before) + 1


@pytest.mark.parametrize("end", [ev.JobReleased(), ev.JobSucceeded(), ev.JobFailed(error=decisions.WORKER_LOST)])
def test_a_run_that_gave_its_job_up_writes_nothing_more(log: EventLog, end: ev.AnyEvent) -> None:
    run = begun(log)
    run.write([end])
    before = entries(log)

    with pytest.raises((InvalidTransition, RunLost)):
        run.write([line("one more")])
    with pytest.raises(RunLost):
        writer(log, run=2).write([line("one more")])
    assert entries(log) == before


def test_a_run_goes_on_where_somebody_else_wrote_meanwhile(log: EventLog) -> None:
    run = begun(log)
    writer(log).decide(lambda job: decisions.cancel(job, now_ms=BEGIN, grace_seconds=5, reason=None, by=None))
    job = run.write([line("a")])

    assert job.state is JobState.CANCELLING
    assert types(log)[2:] == ["job.cancelling", "log"]


def test_of_a_batch_that_cannot_be_stored_nothing_is(log: EventLog) -> None:
    run = begun(log)
    with pytest.raises(InvalidEvent):
        run.write([line("a"), line("x" * 70_000)])
    with pytest.raises(InvalidTransition):
        run.write([line("a"), ev.JobExpired()])

    assert types(log) == ["job.queued", "job.started"]
    assert run.write([line("b")]).seq == 3


# Checkpoints -----------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_due_every_500_events_whoever_wrote_them(log: EventLog) -> None:
    begun(log)
    for n in range(60):
        writer(log).write([line(f"{n}.{k}") for k in range(20)])

    _, page = log.load(JOB)
    assert len(page.entries) < CHECKPOINT_EVENTS + 20
    assert load(log, JOB).seq == 2 + 60 * 20


def test_a_tail_longer_than_one_look_is_still_read_to_its_end(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is told to stand behind its own log could never be ended."""
    monkeypatch.setattr(redis_log, "TAIL", 100)
    run = begun(log)
    for _ in range(40):
        run.write([line("x")] * 10)

    assert log.load(JOB)[0] is None, "no checkpoint yet"
    assert load(log, JOB).seq == 402
    assert writer(log).write([line("last")]).seq == 403


def test_a_log_that_was_trimmed_still_tells_the_whole_job(log: EventLog) -> None:
    run = begun(log)
    for n in range(60):
        run.write([ev.OutputAppended(name="text", offset=n * 100 + k, text="x") for k in range(100)])

    assert log.read(JOB, 0).oldest > 1
    assert load(log, JOB) == run.job
    assert load(log, JOB).outputs["text"].length == 6000
    first = Cursor(run.job.epoch, 1)
    page = log.read(JOB, 1, MAX_EVENTS)
    assert gap(first, page) == Gap(2, page.oldest - 1, "retention")


def test_the_end_carries_the_whole_job(log: EventLog) -> None:
    job = begun(log).write([line("a"), ev.JobSucceeded(result={"n": 1})])
    checkpoint, page = log.load(JOB)

    assert page.entries == []
    assert checkpoint is not None
    assert msgspec.json.decode(checkpoint, type=Job) == job


# A log that lost its tail ----------------------------------------------------------------------------------------


def page_of(log: EventLog, after: int) -> Page:
    return log.read(JOB, after)


def test_a_log_behind_its_writer_goes_on_under_a_new_epoch(bench: Bench) -> None:
    run = begun(bench.log)
    put_back = bench.keep(JOB)
    seen = run.write([line("a"), line("b"), line("c")]).cursor
    put_back()
    job = run.write([line("d")])

    assert job.seq == 3
    assert job.epoch != seen.epoch
    assert entries(bench.log)[2] == (f"{job.epoch}-3", "log")
    assert gap(seen, page_of(bench.log, seen.seq)) == Gap(3, 3, "epoch")
    assert [one.message for one in load(bench.log, JOB).log] == ["d"]


def test_it_does_also_where_somebody_else_appended_first(bench: Bench) -> None:
    run = begun(bench.log)
    put_back = bench.keep(JOB)
    seen = run.write([line("a"), line("b"), line("c")]).cursor
    put_back()
    writer(bench.log).write([line("other")])
    job = run.write([line("d")])

    assert job.seq == 4
    assert job.epoch != seen.epoch


def test_it_does_also_where_somebody_else_appended_between_its_look_and_its_append(bench: Bench) -> None:
    run = begun(bench.log)
    put_back = bench.keep(JOB)
    seen = run.write([line("a"), line("b"), line("c"), line("d")]).cursor
    put_back()
    rivals = iter([writer(bench.log), None])

    def decision(_job: Job) -> Sequence[ev.AnyEvent]:
        """Decided once before the loss shows, once after it; the rival is quicker both times."""
        rival = next(rivals, None)
        if rival is not None:
            rival.write([line("rival")])
        return [line("e")]

    run.reload()
    job = run.decide(decision)
    assert job.epoch != seen.epoch
    assert [one.message for one in job.log] == ["rival", "e"]


def test_a_writer_that_was_not_behind_keeps_the_epoch(log: EventLog) -> None:
    run = begun(log)
    epoch = run.job.epoch
    for _ in range(5):
        writer(log).write([line("other")])
        run.write([line("mine")])

    assert {name.partition("-")[0] for name, _ in entries(log)} == {epoch}

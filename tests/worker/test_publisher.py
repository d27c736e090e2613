import threading
import time
from collections.abc import Callable, Sequence

import pytest

from jobs import decisions
from jobs import events as ev
from jobs.clock import now_ms
from jobs.errors import LogUnavailable
from jobs.eventlog import Batch, Cursor
from jobs.memory_log import MemoryLog
from jobs.model import JobState
from jobs.writer import Writer
from tests.worker.rig import Rig, until
from worker.buffer import BOUNDS, WIDE
from worker.context import Context
from worker.job import job
from worker.publisher import GATHER_BYTES, Publisher
from worker.rounds import Rounds, Turn


class Faulty(MemoryLog):
    """A log that can be away or slow, and can lose the reply of an append that it stored."""

    def __init__(self) -> None:
        super().__init__(max_events=1_000_000)
        self.away, self.replies_lost, self.appends = False, 0, 0
        self.answers = threading.Event()
        self.answers.set()

    def append(self, job_id: str, batch: Batch) -> Cursor:
        self._fail_if(self.away)
        self.answers.wait()
        self.appends += 1
        stored = super().append(job_id, batch)
        if self.replies_lost:
            self.replies_lost -= 1
            self._fail_if(True)
        return stored

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]:
        self._fail_if(self.away)
        return super().heads(job_ids)

    @staticmethod
    def _fail_if(fault: bool) -> None:
        if fault:
            raise LogUnavailable(why="test")


def _rig(function: Callable[[Context], object], **given: object) -> tuple[Rig, Faulty]:
    log = Faulty()
    return Rig(job("thing", steps=["a"])(function), log=log, **given), log  # type: ignore[arg-type]


@pytest.mark.alone
def test_the_work_goes_on_while_the_log_is_away_and_nothing_is_missing_afterwards() -> None:
    took = []

    def work(ctx: Context) -> None:
        log.away = True
        began = time.monotonic()
        with ctx.step("a") as step:
            for n in range(2000):
                ctx.output("text").write(f"{n} ")
                step.progress(n, 2000)
                if n % 4 == 0:
                    ctx.item(str(n), "succeeded")
        took.append(time.monotonic() - began)
        threading.Timer(0.3, lambda: setattr(log, "away", False)).start()

    rig, log = _rig(work)
    rig.run()
    assert took[0] < 0.3
    assert rig.text("text") == "".join(f"{n} " for n in range(2000))
    assert [event.key for event in rig.events(ev.ItemFinished)] == [str(n) for n in range(0, 2000, 4)]
    assert rig.events(ev.StepProgressed)[-1].done == 1999
    assert rig.job.state is JobState.SUCCEEDED
    assert [record.seq for record in rig.records] == list(range(1, len(rig.records) + 1))


def test_an_append_whose_reply_was_lost_is_stored_once() -> None:
    def work(ctx: Context) -> None:
        log.replies_lost = 2
        for n in range(50):
            ctx.item(str(n), "succeeded")

    rig, log = _rig(work)
    rig.run()
    assert [event.key for event in rig.events(ev.ItemFinished)] == [str(n) for n in range(50)]


def test_progress_that_comes_too_fast_is_merged_and_its_last_word_is_told() -> None:
    def work(ctx: Context) -> None:
        with ctx.step("a") as step:
            for n in range(50_000):
                step.progress(n + 1, 50_000)

    rig, log = _rig(work)
    rig.run()
    told = rig.events(ev.StepProgressed)
    assert told[-1].done == 50_000
    assert len(told) < 100
    assert log.appends < 100


def test_a_hundred_thousand_tokens_join_to_what_was_written() -> None:
    def work(ctx: Context) -> None:
        for n in range(100_000):
            ctx.output("text").write(f"{n} ")

    rig, _ = _rig(work)
    rig.run()
    assert rig.text("text") == "".join(f"{n} " for n in range(100_000))
    assert len(rig.events(ev.OutputAppended)) < 1000


@pytest.mark.parametrize(("fault", "bound"), [("slow", BOUNDS.events), ("away", WIDE.events)])
def test_who_emits_more_than_can_be_stored_waits_and_loses_nothing(fault: str, bound: int) -> None:
    told: list[int] = []
    stuck: list[int] = []

    def work(ctx: Context) -> None:
        log.away, log.answers = fault == "away", threading.Event()
        threading.Thread(target=end_of_fault).start()
        for n in range(bound + 3000):
            ctx.item(str(n), "succeeded")
            told.append(n)

    def end_of_fault() -> None:
        until(lambda: len(told) >= bound)
        time.sleep(0.1)
        stuck.append(len(told))
        log.away = False
        log.answers.set()

    rig, log = _rig(work)
    rig.run()
    assert bound <= stuck[0] < bound + 3000
    assert len(rig.events(ev.ItemFinished)) == bound + 3000


@pytest.mark.alone
def test_a_cancel_is_seen_although_the_job_emits_nothing() -> None:
    seen = []

    def work(ctx: Context) -> None:
        rig.cancel()
        wished = time.monotonic()
        try:
            while True:
                ctx.raise_if_cancelled()
                time.sleep(0.001)
        finally:
            seen.append(time.monotonic() - wished)

    rig, _ = _rig(work)
    rig.run()
    assert seen[0] < 0.25
    assert rig.job.state is JobState.CANCELLED


def test_a_job_stuck_at_a_full_buffer_is_let_go_when_its_run_is_over() -> None:
    def work(ctx: Context) -> None:
        log.away = True
        threading.Timer(0.1, give_away).start()
        while True:
            ctx.item("x", "succeeded")

    def give_away() -> None:
        log.away = False
        rig.decide(lambda job: decisions.lose(job, since_ms=now_ms()))

    rig, log = _rig(work)
    assert rig.run() is None


def test_the_terminal_event_is_the_last_of_the_last_append_and_mostly_the_rest_is_with_it() -> None:
    appended: list[list[str]] = []

    class Watched(Faulty):
        def append(self, job_id: str, batch: Batch) -> Cursor:
            appended.append([name for name, _ in batch.entries])
            return super().append(job_id, batch)

    def work(ctx: Context) -> None:
        ctx.log("last words")

    together = 0
    for _ in range(5):
        Rig(job("thing")(work), log=Watched()).run()
        assert appended[-1][-1] == "job.succeeded"
        together += appended[-1] == ["log", "job.succeeded"]
    assert together


def test_a_log_that_was_deleted_under_a_job_ends_its_run_and_not_the_worker() -> None:
    def work(ctx: Context) -> None:
        rig.log.delete(rig.job_id)
        while True:
            ctx.output("text").write("x")
            time.sleep(0.001)

    rig, _ = _rig(work)
    assert rig.run() is None


def test_an_author_s_threads_may_write_to_one_output() -> None:
    def work(ctx: Context) -> None:
        def write(mark: str) -> None:
            for _ in range(500):
                ctx.output("text").write(mark * 3)

        writers = [threading.Thread(target=write, args=(mark,)) for mark in "abcd"]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

    rig, _ = _rig(work)
    rig.run()
    text, at = rig.text("text"), 0
    for piece in rig.events(ev.OutputAppended):
        assert piece.offset == at
        at += len(piece.text)
    assert sorted(text) == sorted("abcd" * 1500)
    assert all(len(set(text[n : n + 3])) == 1 for n in range(0, len(text), 3))


def test_publisher_threads_end_with_their_jobs() -> None:
    rig, _ = _rig(lambda ctx: ctx.log("x"))
    rig.run()
    until(lambda: not any(thread.name == "publisher" for thread in threading.enumerate()))


@pytest.mark.parametrize("seconds", [0.0, 0.02])
def test_a_calm_job_s_events_come_one_by_one_within_moments(seconds: float) -> None:
    def work(ctx: Context) -> None:
        with ctx.step("a") as step:
            step.progress(1, 2)
            until(lambda: rig.events(ev.StepProgressed))
            time.sleep(seconds)
            step.progress(2, 2)

    rig, _ = _rig(work)
    rig.run()
    assert [event.done for event in rig.events(ev.StepProgressed)] == [1, 2]


class Still(Rounds):
    """Turns that are taken by hand."""

    def begin(self, turn: Turn) -> None:
        self.take = turn

    def end(self) -> None:
        """There is no thread."""

    def turn(self) -> bool:
        """Whether one was called for; it is taken then."""
        called = self.hurry.is_set()
        self.hurry.clear()
        self.large.clear()
        return called and self.take(True)


class Answering(MemoryLog):
    """A log during whose appends something happens."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def append(self, job_id: str, batch: Batch) -> Cursor:
        self.meanwhile()
        return super().append(job_id, batch)


def test_whatever_is_emitted_calls_a_turn_also_while_a_batch_is_on_its_way() -> None:
    log, rounds = Answering(), Still()
    writer = Writer(log, "0" * 26, now_ms)
    writer.create(decisions.submit(ev.Request(type="t", params={})))
    run = writer.decide(lambda job: decisions.start(job, worker="w", steps=None)).seq
    publisher = Publisher(writer, run=run, rounds=rounds)
    publisher.start([], lambda _verdict, _grace: None)
    item = ev.ItemFinished(key="a", state="succeeded")

    assert not rounds.turn()
    for _ in range(3):
        publisher.emit(item, 160)
        publisher.emit(item, 160)
        assert rounds.turn()
        assert not rounds.turn(), "both went at once"
    publisher.emit(item, 160)
    log.meanwhile = lambda: publisher.emit(item, 160)
    assert rounds.turn()
    log.meanwhile = lambda: None
    assert rounds.turn()
    assert not rounds.turn()
    assert writer.job.items.counts == {"succeeded": 8}
    for _ in range(GATHER_BYTES // 1000 + 1):
        publisher.emit(item, 1000)
    assert rounds.large.is_set()

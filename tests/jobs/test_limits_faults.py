import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import decisions, keys
from jobs import events as ev
from jobs.catalogue import TypeEntry
from jobs.head import Head
from jobs.model import HELD, JobState
from jobs.wiring import redis_client
from jobs.writer import Writer
from tests.jobs.conftest import Clients, Yard, yard_of
from tests.jobs.limited import FREE, THREE, claimed, finish, left, parked, publish, submitted
from tests.service import UNIT, RedisServer, wait_for


@pytest.fixture
def types(yard: Yard) -> dict[str, TypeEntry]:
    return publish(yard, THREE, FREE)


# After a crash ---------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(redis_url: str, clients: Clients, tmp_path: Path) -> Yard:
    """A yard whose leases, and so its reservations, are over after a tenth of a second."""
    return yard_of(clients(redis_url), tmp_path, lease_seconds=0.1)


def test_a_reservation_without_a_start_is_over_after_a_lease(hasty: Yard) -> None:
    types = publish(hasty, THREE)
    first, second = submitted(hasty, 2, concurrency_key="k")
    heads = hasty.life.heads([first, second])
    assert hasty.index.limits.reserve("default", [(head, THREE) for head in heads]).first == 0
    hasty.index.lease([first])
    assert wait_for(hasty.index.overdue) == [first]
    hasty.sweep.run()

    assert claimed(hasty, types) == [first]


def test_a_filing_of_a_waiting_job_does_not_take_its_reservation_away(yard: Yard, types: dict[str, TypeEntry]) -> None:
    first, second = submitted(yard, 2, concurrency_key="k")
    head = yard.life.head(first)
    assert yard.index.limits.reserve("default", [(head, THREE)]).first == 0
    yard.index.file(head)

    assert yard.index.limits.places("key:k", 10) == {first: False}
    assert claimed(yard, types) == []
    assert parked(yard, second) == {second: ("key:k", 1)}
    assert yard.index.waiting("default", 0, -1) == [first], "whoever is being begun is not parked"


def test_a_job_that_a_claim_met_as_running_is_begun_once_it_waits_again(
    yard: Yard, types: dict[str, TypeEntry]
) -> None:
    """Its claimer died between the start and the filing, so that it was still in the queue."""
    [job_id] = submitted(yard, 1)
    writer = Writer(yard.log.alone, job_id, yard.clock)
    writer.decide(lambda job: decisions.start(job, worker="w", steps=None))
    assert claimed(yard, types) == []
    yard.client.zadd(keys.waiting("default"), {job_id: 0})
    assert claimed(yard, types) == []
    yard.life.lose(job_id)

    assert claimed(yard, types) == [job_id]


def test_a_place_whose_run_ended_before_it_was_filed_is_given_up_by_the_sweep(
    yard: Yard, types: dict[str, TypeEntry]
) -> None:
    first, second = submitted(yard, 2, concurrency_key="k")
    claimed(yard, types)
    yard.client.delete(keys.LIVE)
    job = yard.life.load(first)
    Writer(yard.log, first, yard.clock, job=job, run=job.run).write([ev.JobSucceeded()])
    yard.sweep.run()

    assert claimed(yard, types) == [second]


def test_a_place_of_a_job_that_is_gone_is_given_up_by_the_sweep(yard: Yard, types: dict[str, TypeEntry]) -> None:
    first, second = submitted(yard, 2, concurrency_key="k")
    claimed(yard, types)
    yard.log.delete(first)
    yard.sweep.run()

    assert claimed(yard, types) == [second]


@pytest.mark.parametrize("lost", [keys.PARKED, keys.LIMITS, keys.parked_at("key:k"), keys.places("key:k")])
def test_no_key_that_is_lost_keeps_a_job_from_running(yard: Yard, types: dict[str, TypeEntry], lost: str) -> None:
    ids = submitted(yard, 4, concurrency_key="k")
    claimed(yard, types)
    yard.client.delete(lost)

    ended: list[str] = []
    for _ in range(8):
        yard.sweep.run()
        for job_id in [*ids]:
            if yard.life.head(job_id).state in HELD:
                finish(yard, job_id)
                ended.append(job_id)
        claimed(yard, types)
    assert sorted(ended) == sorted(ids)


# Many at once ----------------------------------------------------------------------------------------------------


class AtWork:
    """How many work at a time, by the limits that they fall under, and the most there were."""

    def __init__(self) -> None:
        self._lock, self._now = threading.Lock(), Counter[str]()
        self.most = Counter[str]()

    @contextmanager
    def on(self, *limits: str) -> Iterator[None]:
        with self._lock:
            self._now.update(limits)
            self.most |= self._now
        yield
        with self._lock:
            self._now.subtract(limits)


@pytest.mark.timeout(120 * UNIT)
def test_of_twenty_who_claim_at_once_no_more_get_a_place_than_there_are(any_redis: RedisServer, tmp_path: Path) -> None:
    client = redis_client(any_redis.url, connections=30)
    yard = yard_of(client, tmp_path)
    types = publish(yard, THREE)
    ids = submitted(yard, 60) + submitted(yard, 20, concurrency_key="k") + submitted(yard, 20, concurrency_key="l")
    at_work, ended, faults = AtWork(), set[str](), list[BaseException]()

    def work() -> None:
        while len(ended) < len(ids) and not faults:
            job = yard.life.claim("default", types, "w")
            if job is not None:
                with at_work.on("t", f"key {job.request.concurrency_key}"):
                    yard.life.load(job.id)
                finish(yard, job.id)
                ended.add(job.id)

    def guarded() -> None:
        try:
            work()
        except BaseException as fault:  # noqa: BLE001 - told below
            faults.append(fault)

    threads = [threading.Thread(target=guarded) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.connection_pool.disconnect()

    assert faults == []
    assert ended == set(ids)
    assert at_work.most["t"] <= 3
    assert (at_work.most["key k"], at_work.most["key l"]) == (1, 1)


# Anything in any order -------------------------------------------------------------------------------------------


class Walk:
    """Jobs that are begun and ended, or left half-way by a crash, as chance would have it."""

    def __init__(self, yard: Yard, chance: random.Random) -> None:
        self.yard, self.chance = yard, chance
        self.types = publish(yard, THREE, FREE)
        self.ids: list[str] = []

    def held(self) -> list[Head]:
        return [head for head in self.yard.life.heads(self.ids) if head.state in HELD]

    def submit(self) -> None:
        kind, key = self.chance.choice(["t", "free"]), self.chance.choice([None, "k", "l"])
        self.ids += submitted(self.yard, 1, kind, concurrency_key=key, priority=self.chance.randint(0, 9))

    def claim(self) -> None:
        self.yard.life.claim("default", self.types, "w")

    def claim_and_die(self) -> None:
        """After the reservation, and in half of the cases after the start: nothing is filed."""
        waiting = self.yard.life.heads(self.yard.index.waiting("default", 0, 50))
        turn = self.yard.index.limits.reserve("default", [(head, self.types[head.type]) for head in waiting])
        if turn.first is not None and self.chance.random() < 0.5:
            writer = Writer(self.yard.log, waiting[turn.first].id, self.yard.clock)
            writer.decide(lambda job: decisions.start(job, worker="w", steps=None))

    def end(self) -> None:
        for head in self.held()[:1]:
            finish(self.yard, head.id)

    def end_and_die(self) -> None:
        for head in self.held()[:1]:
            Writer(self.yard.log, head.id, self.yard.clock).write([ev.JobSucceeded()])

    def lose(self) -> None:
        for head in self.held()[-1:]:
            self.yard.life.lose(head.id)

    def cancel(self) -> None:
        if self.ids:
            self.yard.life.cancel(self.chance.choice(self.ids))

    def sweep(self) -> None:
        self.yard.sweep.run()

    def wait(self) -> None:
        """Every reservation of a job that nobody begins is over."""
        client, heads = self.yard.client, {head.id: head for head in self.yard.life.heads(self.ids)}
        for limit in self.yard.index.limits.in_use(100):
            for job_id, held in self.yard.index.limits.places(limit, 100).items():
                if not held and heads[job_id].state is JobState.QUEUED:
                    client.zadd(keys.places(limit), {job_id: 1}, xx=True)

    def judge(self) -> None:
        """Never more than there are places."""
        kinds = Counter(head.type for head in self.held())
        of_key = Counter(head.concurrency_key for head in self.held() if head.concurrency_key)
        assert kinds["t"] <= 3
        assert all(number <= 2 for number in of_key.values())

    def finish(self) -> None:
        """Whatever happened, everything runs to its end and leaves nothing."""
        for _ in range(3 * len(self.ids) + 5):
            self.wait()
            self.sweep()
            self.end()
            self.claim()
            self.judge()
        assert all(head.state.terminal for head in self.yard.life.heads(self.ids))
        self.sweep()
        assert left(self.yard) == []


STEPS = [Walk.submit] * 4 + [Walk.claim] * 4 + [Walk.end] * 2
STEPS += [Walk.claim_and_die, Walk.end_and_die, Walk.lose, Walk.cancel, Walk.sweep, Walk.wait]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=20, max_size=80), chance=st.randoms(use_true_random=False))
def test_whatever_crashes_in_between_no_limit_is_broken_and_every_job_ends(
    yard: Yard, steps: list[Callable[[Walk], None]], chance: random.Random
) -> None:
    yard.client.flushall()
    walk = Walk(yard, chance)
    for step in steps:
        step(walk)
        walk.judge()
    walk.finish()

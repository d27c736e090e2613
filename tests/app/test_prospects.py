"""What waiting jobs are told, from real queues in a real Redis; how long a job took is the test's to say."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from gevent.pool import Pool

from app.known import Known
from app.prospects import Prospects, rounded
from jobs import events as ev
from jobs.catalogue import TypeEntry, WorkerEntry
from jobs.estimate import LOOK
from jobs.files import new_id
from jobs.wiring import Parts
from tests.app.conftest import Web

KINDS = {kind: TypeEntry(name=kind, title=kind, params_schema={}) for kind in ("quick", "slow", "new")}
KINDS["few"] = TypeEntry(name="few", title="few", params_schema={}, max_running=2)


@dataclass
class Office:
    """Between any two questions a second passes, so that each is answered from what is true then."""

    parts: Parts
    #: How far the clock has been put forward.
    later_ms: int = 0

    def __post_init__(self) -> None:
        self.known = Known(self.parts.catalogue, monotonic=count().__next__)
        self.prospects = Prospects(
            self.parts.lifecycle,
            self.parts.paces,
            self.known,
            lambda: self.parts.clock() + self.later_ms,
            monotonic=count().__next__,
        )

    def serve(self, slots: int, *queues: str, worker: str = "w", types: Any = KINDS) -> None:
        entry = WorkerEntry(id=worker, types=[*types], queues=[*queues], concurrency=slots, started_at="now")
        self.parts.catalogue.beat(entry)

    def submit(self, *kinds: str, queue: str = "q", priority: int = 5) -> list[str]:
        requests = [ev.Request(type=kind, params={}, queue=queue, priority=priority) for kind in kinds]
        return [self.parts.lifecycle.submit(new_id(), request).id for request in requests]

    def take(self, *, worker: str = "w", queue: str = "q") -> None:
        assert self.parts.lifecycle.claim(queue, KINDS, f"{worker}:17") is not None

    def measure(self, queue: str = "q", **seconds: float) -> None:
        for kind, mean in seconds.items():
            self.parts.paces.note(queue, kind, mean)

    def eta(self, job_id: str, kind: str = "quick", queue: str = "q") -> float | None:
        return self.prospects.place(queue, kind, job_id)["eta_seconds"]


@pytest.fixture
def office(session_parts: Parts, redis_url: str) -> Office:
    assert redis_url
    return Office(session_parts)


# When nobody can tell --------------------------------------------------------------------------------------------


def test_before_anything_was_measured_nobody_can_tell(office: Office) -> None:
    office.serve(1, "q")
    [job] = office.submit("quick")
    assert office.prospects.place("q", "quick", job) == {"position": 1, "eta_seconds": None}


def test_without_a_worker_nobody_can_tell(office: Office) -> None:
    office.measure(quick=1.0)
    office.serve(1, "another")
    assert office.eta(office.submit("quick")[0]) is None


def test_of_a_type_that_no_worker_carries_nobody_can_tell(office: Office) -> None:
    office.measure(quick=1.0)
    office.serve(1, "q", types=["slow"])
    assert office.eta(office.submit("quick")[0]) is None


def test_a_job_without_a_place_has_no_estimate(office: Office) -> None:
    office.measure(quick=1.0)
    office.serve(1, "q")
    assert office.prospects.place("q", "quick", new_id()) == {"position": None, "eta_seconds": None}


# When it begins --------------------------------------------------------------------------------------------------


def test_a_job_that_meets_a_free_slot_begins_now(office: Office) -> None:
    office.measure(quick=10.0)
    office.serve(2, "q")
    office.submit("quick")
    office.take()
    assert office.eta(office.submit("quick")[0]) == 0


def test_it_is_the_jobs_ahead_that_count_each_by_its_type(office: Office) -> None:
    office.measure(quick=1.0, slow=100.0)
    office.serve(1, "q")
    first, second, third, fourth = office.submit("quick", "slow", "quick", "quick")
    assert [office.eta(job) for job in (first, second, third, fourth)] == [0, 1, 101, 102]
    office.submit("slow", priority=9)
    assert office.eta(first) == 100


def test_a_type_never_measured_counts_as_the_queue_s_jobs_do(office: Office) -> None:
    office.measure(quick=1.0, slow=3.0)
    office.serve(1, "q")
    jobs = office.submit("new", "quick")
    assert office.eta(jobs[1]) == 2


def test_every_slot_of_every_worker_that_listens_counts(office: Office) -> None:
    office.measure(quick=10.0)
    office.serve(1, "q")
    office.serve(3, "q", worker="v")
    office.serve(50, "another", worker="u")
    jobs = office.submit(*["quick"] * 9)
    assert [office.eta(jobs[n]) for n in (0, 3, 4, 8)] == [0, 0, 10, 20]


def test_a_running_job_is_waited_for_until_its_time_is_up(office: Office) -> None:
    office.measure(quick=10.0)
    office.serve(1, "q")
    office.submit("quick")
    office.take()
    [job] = office.submit("quick")
    assert office.eta(job) == pytest.approx(10, abs=0.5)
    office.later_ms = 8000
    assert office.eta(job) == pytest.approx(2, abs=0.5)
    office.later_ms = 30_000
    assert office.eta(job) == pytest.approx(3, abs=0.5)


def test_a_slot_that_is_busy_with_another_queue_is_busy(office: Office) -> None:
    office.measure(quick=10.0)
    office.measure("heavy", slow=500.0)
    office.serve(1, "q", "heavy")
    office.submit("slow", queue="heavy")
    office.take(queue="heavy")
    assert office.eta(office.submit("quick")[0]) == pytest.approx(500, abs=1)


def test_workers_that_serve_two_full_queues_take_a_job_of_each_in_turn(office: Office) -> None:
    office.measure(quick=1.0)
    office.measure("heavy", slow=9.0)
    office.serve(1, "q", "heavy")
    jobs = office.submit(*["quick"] * 5)
    assert office.eta(jobs[4]) == 4
    office.submit("slow", queue="heavy")
    assert office.eta(jobs[4]) == 40


def test_a_long_queue_is_told_from_a_sample_that_grows(office: Office) -> None:
    office.measure(quick=1.0, slow=11.0)
    office.serve(4, "q")
    jobs = office.submit(*["quick"] * 300, *["quick", "slow"] * 150)
    truth = (300 + 150 * 12 - 11) / 4
    office.parts.client.config_resetstat()
    assert office.eta(jobs[-1]) == pytest.approx(truth, rel=0.2)
    assert office.parts.client.info("commandstats")["cmdstat_hget"]["calls"] <= LOOK + 10
    assert office.eta(jobs[299]) == pytest.approx(299 / 4, rel=0.1)
    office.eta(jobs[0])
    assert office.eta(jobs[-1]) == pytest.approx(truth, rel=0.05)
    office.parts.client.config_resetstat()
    office.eta(jobs[-1])
    assert office.parts.client.info("commandstats")["cmdstat_hget"]["calls"] < 50


def test_what_was_seen_of_a_queue_moves_with_it(office: Office) -> None:
    office.measure(quick=1.0, slow=11.0)
    office.serve(2, "q")
    jobs = office.submit("slow", "quick", "slow", "quick", "quick")
    assert office.eta(jobs[4]) == 12
    office.take()
    office.take()
    assert office.eta(jobs[2], "slow") == pytest.approx(1, abs=0.5)
    office.submit("slow", priority=9)
    assert office.eta(jobs[2], "slow") == pytest.approx(11, abs=0.5)
    assert office.eta(jobs[4]) == pytest.approx(13, abs=0.5)


# What it costs ---------------------------------------------------------------------------------------------------


def test_many_are_told_at_once_in_the_order_asked_for(office: Office) -> None:
    office.measure(quick=1.0)
    office.serve(1, "q")
    first, second = office.submit("quick", "quick")
    told = office.prospects.places("q", {second: "quick", new_id(): "quick", first: "quick"})
    assert [place["position"] for place in told] == [2, None, 1]


def test_a_crowd_that_asks_in_the_same_second_reads_the_queue_once(web: Web) -> None:
    web.serve("count")
    web.parts.paces.note("default", "count", 1.0)
    jobs = [web.submit()["id"] for _ in range(20)]
    web.parts.client.config_resetstat()
    pool = Pool(20)
    shown = pool.map(lambda job: web.client.get(f"/v1/jobs/{job}").json["queue"], jobs * 10)
    assert [queue["position"] for queue in shown] == [*range(1, 21)] * 10
    assert web.parts.client.info("commandstats").get("cmdstat_hgetall", {"calls": 0})["calls"] <= 3


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.04, 0.0), (0.16, 0.2), (9.87, 9.9), (98.76, 98.8), (987.6, 988), (12_345, 12_300)]
)
def test_an_estimate_has_no_more_digits_than_it_knows(seconds: float, told: float) -> None:
    assert rounded(seconds) == told


# Parked ----------------------------------------------------------------------------------------------------------


def test_a_parked_job_has_its_place_among_those_that_wait_for_its_limit(office: Office) -> None:
    office.parts.catalogue.publish(KINDS.values())
    office.serve(8, "q")
    office.measure(few=10.0)
    jobs = office.submit(*["few"] * 5)
    office.take()
    office.take()
    assert office.parts.lifecycle.claim("q", KINDS, "w:17") is None
    places = office.prospects.places("q", dict.fromkeys(jobs[2:], "few"))
    assert [place["position"] for place in places] == [1, 2, 3]
    assert [place["eta_seconds"] for place in places] == [2.5, 7.5, 12.5]

from typing import Any

import pytest
import redis

from jobs import decisions, keys
from jobs import events as ev
from jobs.errors import QueueFull
from jobs.files import new_id
from jobs.index import Filed
from jobs.intake import Call, Intake
from jobs.model import JobState
from jobs.rings import Ring
from jobs.scripts import OneServer
from jobs.writer import Begun, Writer
from tests.jobs.conftest import Yard

REQUEST = ev.Request(type="t", params={})
CROSS = "Keys in request don't hash to the same slot"


class Intakes:
    """An intake, and how many calls of one script for all it has made."""

    def __init__(self, yard: Yard) -> None:
        self.made = Intake(yard.client, OneServer(yard.client), yard.log.alone, yard.index)
        self.at_once = 0
        self._script, self.made._script = self.made._script, self._call
        self.crosses = False

    def _call(self, *words: Any) -> Any:
        self.at_once += 1
        if self.crosses:
            raise redis.exceptions.ClusterCrossSlotError(CROSS)
        return self._script(*words)


@pytest.fixture(params=["at once", "one by one"])
def taking(request: pytest.FixtureRequest, yard: Yard) -> Intake:
    intakes = Intakes(yard)
    intakes.crosses = request.param == "one by one"
    return intakes.made


def begun(yard: Yard, job_id: str) -> Begun:
    return Writer(yard.log.alone, job_id, yard.clock).begin(decisions.submit(REQUEST))


def test_a_job_that_is_taken_in_is_stored_filed_and_told_to_the_feed(yard: Yard, taking: Intake) -> None:
    ids = [new_id(), new_id()]

    assert [taking.take(begun(yard, job_id), 2) for job_id in ids] == [Filed([], 1), Filed([], 2)]
    assert [yard.life.load(job_id).state for job_id in ids] == [JobState.QUEUED] * 2
    assert yard.index.waiting("default", 0, 9) == ids
    assert [entry.job.id for entry in yard.log.feed.read(0).entries if entry.job] == ids


def test_of_a_job_too_many_nothing_is_left(yard: Yard, taking: Intake) -> None:
    taking.take(begun(yard, new_id()), 1)
    before = sorted(yard.client.keys("*"))
    job_id = new_id()
    with pytest.raises(QueueFull):
        taking.take(begun(yard, job_id), 1)

    assert sorted(yard.client.keys("*")) == before
    assert yard.client.zscore(keys.LIVE, job_id) is None
    assert len(yard.log.feed.read(0).entries) == 1


def test_another_log_of_the_same_id_is_left_as_it_is_filed(yard: Yard, taking: Intake) -> None:
    job_id = new_id()
    yard.life.submit(job_id, REQUEST)
    yard.life.cancel(job_id)
    before = {key: yard.client.dump(key) for key in yard.client.keys("*") if key != keys.LIVE.encode()}

    assert taking.take(begun(yard, job_id), None) is None
    assert {key: yard.client.dump(key) for key in yard.client.keys("*") if key != keys.LIVE.encode()} == before


def test_a_job_of_the_same_id_is_never_one_too_many(yard: Yard, taking: Intake) -> None:
    job_id = new_id()
    taking.take(begun(yard, job_id), 1)

    assert taking.take(begun(yard, job_id), 1) is None


def test_where_one_call_cannot_have_all_the_keys_it_is_tried_once(yard: Yard) -> None:
    intakes = Intakes(yard)
    intakes.crosses = True
    for _ in range(3):
        intakes.made.take(begun(yard, new_id()), None)

    assert intakes.at_once == 1
    assert yard.index.depth("default") == 3


# Rings -----------------------------------------------------------------------------------------------------------


def rung(yard: Yard) -> list[bytes]:
    return list(yard.client.lrange("rings", 0, -1))


def test_so_many_jobs_are_rung_for_in_the_call_that_stores_them(yard: Yard) -> None:
    taking = Intakes(yard).made
    found = [taking.take(begun(yard, new_id()), None, Call(Ring("rings", f"ring {n}"), 2)) for n in range(3)]

    assert found == [Filed([], 1, rung=True), Filed([], 2, rung=True), Filed([], 3)]
    assert rung(yard) == [b"ring 1", b"ring 0"]


def test_a_job_that_waits_for_its_time_is_not_rung_for(yard: Yard) -> None:
    later = Writer(yard.log.alone, new_id(), yard.clock).begin(decisions.submit(REQUEST, until_ms=yard.clock.now + 9))

    assert Intakes(yard).made.take(later, None, Call(Ring("rings", "ring"), 9)) == Filed([], None)
    assert rung(yard) == []


def test_a_ring_that_finds_no_list_leaves_the_job_stored(yard: Yard) -> None:
    yard.client.set("rings", "no list")
    job_id = new_id()

    assert Intakes(yard).made.take(begun(yard, job_id), None, Call(Ring("rings", "ring"), 9)) == Filed([], 1)
    assert yard.life.load(job_id).state is JobState.QUEUED


def test_where_calls_are_made_one_by_one_the_bell_is_left_to_the_caller(yard: Yard) -> None:
    intakes = Intakes(yard)
    intakes.crosses = True

    assert intakes.made.take(begun(yard, new_id()), None, Call(Ring("rings", "ring"), 9)) == Filed([], 1)
    assert rung(yard) == []

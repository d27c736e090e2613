from typing import Any

import gevent
import pytest
from gevent.hub import get_hub

from app.relay.gauge import Gauge
from app.relay.governor import HIGHEST, WAIT, Governor
from app.relay.hub import Relay
from app.relay.overload import SAMPLE, Overload, report
from jobs.errors import LogUnavailable
from jobs.wiring import Parts
from tests.app.relay.conftest import Client, begin, finish, until, work


class Loop(Gauge):
    """A loop that is as busy as it is told to be."""

    def __init__(self) -> None:
        super().__init__(get_hub().loop)
        self.busy = self.wait = 0.0

    def read(self) -> tuple[float, float, float]:
        return SAMPLE, self.busy, self.wait


def turns(overload: Overload, seconds: float) -> None:
    for _ in range(round(seconds / SAMPLE)):
        overload.turn()
        gevent.sleep(0)


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def overload(relay: Relay, loop: Loop) -> Overload:
    return Overload(relay, loop, Governor())


def test_streams_are_told_of_each_step_up_and_down(parts: Parts, relay: Relay, loop: Loop, overload: Overload) -> None:
    writer = begin(parts)
    client = Client(relay, writer.job_id)
    running = client.start()
    until(lambda: "stream.caught_up" in client.types)
    for strain in (3.0, 0.0):
        loop.wait = strain * WAIT
        for _ in range(HIGHEST):
            before = overload.changes
            while overload.changes == before:
                turns(overload, SAMPLE)
            until(lambda: len(client.every("stream.degraded")) == overload.changes)
    told = [(each["level"], each["reason"]) for each in client.every("stream.degraded")]
    work(writer, 1)
    finish(running)

    assert told == [
        *((level, "overload") for level in (1, 2, 3, 4, 3, 2, 1)),
        (0, "recovered"),
    ]
    assert overload.changes == 2 * HIGHEST


def test_where_the_settings_say_so_it_is_seen_but_nothing_follows(relay: Relay, loop: Loop) -> None:
    overload = Overload(relay, loop, Governor(), watched=False)
    loop.wait = 5 * WAIT
    turns(overload, 10)
    assert (overload.level, relay.live.level, overload.changes) == (0, 0, 0)
    assert overload.signs.wait == 5 * WAIT


def test_a_level_that_is_set_holds_from_the_start(relay: Relay, loop: Loop) -> None:
    running = gevent.spawn(Overload(relay, loop, Governor(least=2)).run)
    until(lambda: relay.live.level == 2)
    assert relay.live.condition == (2, "setting")
    running.kill()


def test_what_there_is_to_deliver_is_counted_by_reader(parts: Parts, relay: Relay, overload: Overload) -> None:
    writer = begin(parts)
    clients = [Client(relay, writer.job_id, after="latest") for _ in range(3)]
    running = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    overload.turn()
    begun = relay.tally.offered
    work(writer, 10)
    finish(*running)
    overload.turn()
    assert overload.signs.demand * SAMPLE == relay.tally.offered - begun
    assert relay.tally.offered - begun == 3 * relay.tally.events


def test_the_level_is_said_to_the_workers_also_after_redis_was_away(overload: Overload) -> None:
    said: list[int] = []

    def say(level: int) -> None:
        said.append(level)
        if len(said) == 1:
            raise LogUnavailable(why="away")

    running: Any = gevent.spawn(report, overload, say)
    until(lambda: len(said) >= 2)
    running.kill()
    assert set(said) == {0}

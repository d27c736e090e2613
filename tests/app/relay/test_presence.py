from typing import Any

import gevent
import pytest

from app.relay.hub import Relay
from app.relay.presence import RETURN_SECONDS, Presence, Sight
from app.relay.upkeep import Patrol
from jobs import events as ev
from jobs import keys
from jobs.files import new_id
from jobs.wiring import Parts
from tests.app.relay.conftest import TYPES, Client, until


class Told:
    """An index that keeps what it was told."""

    def __init__(self) -> None:
        self.calls: list[dict[str, int]] = []

    def watched(self, allowed_ms: dict[str, int]) -> None:
        self.calls.append(allowed_ms)


class Watch:
    """A clock in seconds that goes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_job_is_told_of_at_once_and_again_after_a_third_of_the_time_allowed() -> None:
    told, clock = Told(), Watch()
    sight = Sight(told, clock=clock)  # type: ignore[arg-type]
    for now in (0, 9.9, 10, 19, 20.1):
        clock.now = now
        sight.saw({"a": 30})

    assert told.calls == [{"a": 30_000}, {}, {"a": 30_000}, {}, {"a": 30_000}]


def test_a_job_that_may_go_unwatched_is_not_told_of_and_a_short_time_is_stretched() -> None:
    told = Told()
    Sight(told).saw({"a": None, "b": 1})  # type: ignore[arg-type]

    assert told.calls == [{"b": round(RETURN_SECONDS * 1000)}]


def test_a_job_that_is_seen_again_after_a_while_is_told_of_at_once() -> None:
    told = Told()
    sight = Sight(told, clock=Watch())  # type: ignore[arg-type]
    for watched in ({"a": 30}, {}, {"a": 30}):
        sight.saw(watched)

    assert told.calls == [{"a": 30_000}, {}, {"a": 30_000}]


def submitted(parts: Parts, **more: Any) -> str:
    job_id = new_id()
    parts.lifecycle.submit(job_id, ev.Request(type="hello", params={}, **more))
    return job_id


def remaining(parts: Parts, job_id: str) -> float | None:
    """Seconds until the job counts as unwatched."""
    until_ms = parts.client.zscore(keys.UNWATCHED, job_id)
    seconds, micros = parts.client.time()
    return None if until_ms is None else until_ms / 1000 - seconds - micros / 1e6


def test_streams_are_watchers_for_as_long_as_they_are_open(parts: Parts, relay: Relay) -> None:
    ids = [submitted(parts, cancel_when_unwatched_seconds=60) for _ in range(2)]
    other, free = submitted(parts, cancel_when_unwatched_seconds=60), submitted(parts)
    parts.client.zadd(keys.UNWATCHED, dict.fromkeys((*ids, other), 0))
    readers = [Client(relay, job_id).start() for job_id in (*ids, free)]
    until(lambda: len(relay) == 3)
    presence, reads = Presence(relay, Sight(parts.index)), relay.reader.reads

    presence.turn()
    assert all((remaining(parts, job_id) or 0) > 50 for job_id in ids)
    assert (remaining(parts, other) or 0) < 0
    assert remaining(parts, free) is None, "who is not to end unwatched is not in the list"
    parts.client.zadd(keys.UNWATCHED, dict.fromkeys(ids, 0))
    for reader in readers:
        reader.kill()
    until(lambda: len(relay) == 0)
    presence.turn()
    assert all((remaining(parts, job_id) or 0) < 0 for job_id in ids)
    assert relay.reader.reads == reads


def test_a_job_that_is_gone_does_not_end_the_watch_of_the_others(parts: Parts, relay: Relay) -> None:
    gone, kept = submitted(parts), submitted(parts, cancel_when_unwatched_seconds=60)
    readers = [Client(relay, job_id).start() for job_id in (gone, kept)]
    until(lambda: len(relay) == 2)
    parts.log.delete(gone)
    parts.client.zadd(keys.UNWATCHED, {kept: 0})

    Presence(relay, Sight(parts.index)).turn()
    assert (remaining(parts, kept) or 0) > 50
    gevent.killall(readers)


def test_of_a_job_whose_events_are_followed_no_head_is_read_for_it(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(relay.reader, "heads", lambda ids: asked.extend(ids) or [None] * len(ids))
    #: It reads heads as well, of its own accord.
    monkeypatch.setattr(Patrol, "turn", lambda _patrol: None)
    followed, paged = submitted(parts, cancel_when_unwatched_seconds=60), submitted(parts)
    reader = Client(relay, followed)
    running = reader.start()
    until(lambda: "stream.caught_up" in reader.types)
    presence = Presence(relay, Sight(parts.index))
    with relay.listen(paged):
        for _ in range(2):
            presence.turn()

    assert asked == [paged]
    assert relay.rooms.register.bound == {followed: 60}
    running.kill()
    until(lambda: len(relay) == 0)
    register = relay.rooms.register
    assert (register.bound, register.strange, register.waiting) == ({}, set(), {})


@pytest.mark.parametrize("state", ["terminal", "cancelling"])
def test_a_watcher_brings_no_job_back_into_the_list(parts: Parts, state: str) -> None:
    job_id = submitted(parts, cancel_when_unwatched_seconds=60)
    if state == "cancelling":
        parts.lifecycle.claim("default", TYPES, "w")
    assert parts.lifecycle.cancel(job_id).state.terminal is (state == "terminal")
    Sight(parts.index).saw({job_id: 60})

    assert parts.client.exists(keys.UNWATCHED) == 0

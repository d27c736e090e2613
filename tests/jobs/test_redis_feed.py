from collections.abc import Callable
from typing import Any

import pytest

from app.relay.replay import gap
from jobs import decisions, keys
from jobs import events as ev
from jobs.errors import LogUnavailable
from jobs.eventlog import Cursor
from jobs.feed import FedLog
from jobs.files import new_id
from jobs.redis_feed import RedisFeed
from jobs.redis_log import RedisLog
from jobs.wiring import redis_client
from jobs.writer import Writer
from tests.jobs.conftest import Clients, Yard
from tests.service import RedisServer, redis_server, wait_for

JOB = "01j9zc3k2v8r5n7m4q6w0x1y2e"
EPOCH = "k3f9ab"
FEED_KEYS = (keys.FEED, keys.FEED_AT, keys.FED)


@pytest.fixture
def client(any_redis: RedisServer, clients: Clients) -> Any:
    return clients(any_redis.url)


def keep(client: Any) -> Callable[[], None]:
    """Remembers the feed; the call that it returns puts it back, as a crash or a failover would."""
    dumps = {key: client.dump(key) for key in FEED_KEYS}

    def put_back() -> None:
        for key, dump in dumps.items():
            client.restore(key, 0, dump, replace=True)

    return put_back


# A feed that has lost what readers may have seen -----------------------------------------------------------------


def test_a_feed_that_lost_its_tail_goes_on_in_another_epoch(client: Any) -> None:
    feed = RedisFeed(client)
    feed.note(JOB, Cursor(EPOCH, 10))
    put_back = keep(client)
    seen = feed.note(JOB, Cursor(EPOCH, 12))
    put_back()
    RedisFeed(client).note(JOB, Cursor(EPOCH, 11))
    at = feed.note(JOB, Cursor(EPOCH, 15))

    assert at.epoch != seen.epoch
    found = gap(seen, feed.read(seen.seq))
    assert found is not None
    assert found.reason == "epoch"


def test_a_feed_that_is_gone_begins_anew_in_another_epoch(client: Any) -> None:
    feed = RedisFeed(client)
    seen = feed.note(JOB, Cursor(EPOCH, 10))
    client.flushall()

    assert feed.read(0).last.epoch != seen.epoch
    assert feed.note(JOB, Cursor(EPOCH, 11)).seq == 11


def test_processes_that_know_an_earlier_place_of_the_feed_leave_its_epoch(client: Any) -> None:
    one, other = RedisFeed(client), RedisFeed(client)
    first = one.note(JOB, Cursor(EPOCH, 1))
    other.note(JOB, Cursor(EPOCH, 9))

    assert one.note(JOB, Cursor(EPOCH, 10)) == Cursor(first.epoch, 10)


# What a crash leaves behind --------------------------------------------------------------------------------------


def raw(yard: Yard) -> RedisLog:
    """The log of a process that dies before it gets to the feed."""
    return RedisLog(yard.client, retention_seconds=60, max_events=1000)


def told(yard: Yard, job_id: str) -> list[str]:
    return [entry.type for entry in yard.log.feed.read(0).entries if entry.job and entry.job.id == job_id]


def test_the_sweep_tells_the_feed_of_a_job_that_was_only_just_created(yard: Yard) -> None:
    job_id = new_id()
    yard.index.announce(job_id)
    Writer(raw(yard), job_id, yard.clock).create(decisions.submit(ev.Request(type="t", params={})))
    assert told(yard, job_id) == []
    yard.sweep.run()

    assert told(yard, job_id) == ["job.queued"]


def test_the_sweep_tells_the_feed_of_a_terminal_event(yard: Yard) -> None:
    job_id = new_id()
    yard.life.submit(job_id, ev.Request(type="t", params={}))
    job = yard.life.decide(job_id, lambda job: decisions.start(job, worker="w", steps=None))
    Writer(raw(yard), job_id, yard.clock, job=job, run=job.run).write([ev.JobSucceeded()])
    yard.sweep.run()

    assert told(yard, job_id) == ["job.queued", "job.started", "job.succeeded"]
    assert yard.index.live_count() == 0


class Unreachable(RedisFeed):
    """As when another node of a cluster, the one with the feed, is away."""

    def noting(self, job_id: str, at: Cursor) -> tuple[list[str], list[str | int]]:
        raise LogUnavailable(why=f"{job_id} {at}")


def test_a_wish_whose_event_never_reached_the_feed_is_told_once_it_is_repeated(yard: Yard) -> None:
    """The job has ended then, and nothing would be appended any more: it is not filed before the feed knows."""
    job_id = new_id()
    yard.life.submit(job_id, ev.Request(type="t", params={}))
    feed, yard.index.feed = yard.index.feed, Unreachable(yard.client)
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            yard.life.cancel(job_id)
    assert yard.index.live_count() == 1
    yard.index.feed = feed
    yard.life.cancel(job_id)

    assert told(yard, job_id) == ["job.queued", "job.cancelled"]
    assert yard.index.live_count() == 0


def test_a_deleted_job_leaves_nothing_in_the_feed_but_its_numbers(yard: Yard) -> None:
    job_id = new_id()
    yard.life.submit(job_id, ev.Request(type="t", params={}))
    yard.life.cancel(job_id)
    yard.life.delete([job_id])

    assert yard.client.hlen(keys.FED) == 0
    assert (told(yard, job_id), yard.log.feed.read(0).last.seq) == ([], 2)


# Redis itself ----------------------------------------------------------------------------------------------------


def test_whoever_subscribes_hears_how_far_the_feed_goes(client: Any) -> None:
    feed = RedisFeed(client)
    with client.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe(keys.FEED)
        ear.get_message(timeout=5)
        at = feed.note(JOB, Cursor(EPOCH, 3))
        feed.note(JOB, Cursor(EPOCH, 3))
        heard = wait_for(lambda: ear.get_message(timeout=1))

        assert heard["data"].decode() == str(at)
        assert ear.get_message() is None, "what was no news rings nobody"


def test_a_redis_that_is_away_is_an_unavailable_feed_until_it_is_back() -> None:
    with redis_server(durable=True) as server:
        client: Any = redis_client(server.url)
        log = FedLog(RedisLog(client, retention_seconds=60, max_events=1000), RedisFeed(client))
        before = log.feed.note(JOB, Cursor(EPOCH, 5))
        server.kill()
        for call in (lambda: log.feed.note(JOB, before), lambda: log.feed.read(0), lambda: log.feed.forget([JOB])):
            with pytest.raises(LogUnavailable):
                call()
        server.start()
        assert wait_for(lambda: log.feed.read(0).last) == before
        client.connection_pool.disconnect()


def test_a_redis_without_memory_can_still_be_read(client: Any) -> None:
    feed = RedisFeed(client)
    at = feed.note(JOB, Cursor(EPOCH, 5))
    client.config_set("maxmemory", 1)
    try:
        assert feed.read(0).last == at
        with pytest.raises(LogUnavailable):
            feed.note(JOB, Cursor(EPOCH, 6))
    finally:
        client.config_set("maxmemory", 0)
    assert feed.read(0).last == at

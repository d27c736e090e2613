"""Many jobs over one stream: every event of each once and in order, from whatever place of the feed."""

import random
from typing import Any

import gevent
import msgspec
import pytest

from app.relay.hub import Relay
from app.relay.lobby import Lobby
from jobs import events as ev
from jobs import keys
from jobs.eventlog import Cursor
from jobs.wiring import Parts
from jobs.writer import Writer
from tests.app.relay.conftest import PACE, begin, finish, relay_of, until, work
from tests.app.relay.many import begun, end, ended, envelopes, reader, seqs, shown, tail

LINE = ev.LogWritten(level="info", message="x")


# Coming back -----------------------------------------------------------------------------------------------------


def test_cut_at_random_and_resumed_every_stream_tells_what_the_logs_say(relay: Relay, parts: Parts) -> None:
    random.seed(4)
    writers = begun(parts, 3)
    working = [gevent.spawn(work, writer, 40, pause=0.002) for writer in writers]
    late: list[Writer] = []

    def begin_late() -> None:
        gevent.sleep(0.03)
        late.append(begin(parts))
        work(late[0], 20, pause=0.002)

    working.append(gevent.spawn(begin_late))
    found: list[dict[str, Any]] = []
    after: Cursor | str = "0"
    while len(ended(found)) < 4:
        client = reader(relay, after, cut=random.randint(2, 30))
        following = client.start()
        before = ended(found)
        until(lambda now=following, of=client, was=before: now.ready() or len(was | ended(envelopes(of))) == 4)
        following.kill()
        found += [each for each in envelopes(client) if "seq" in each]
        after = Cursor.parse(client.last_id) if client.last_id else after
    finish(*working)

    for writer in (*writers, *late):
        stored = [msgspec.json.decode(entry.envelope) for entry in parts.log.read(writer.job_id, 0).entries]
        told = [{k: v for k, v in each.items() if k != "cursor"} for each in found if each["job"] == writer.job_id]
        assert told == stored


def test_many_readers_of_many_choices_are_each_told_their_own(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 6)
    clients = [
        reader(relay, "0", jobs=[writer.job_id for writer in random.sample(writers, k=random.randint(1, 6))])
        for _ in range(20)
    ]
    following = [client.start() for client in clients]
    working = [gevent.spawn(work, writer, 30, pause=0.001) for writer in writers]
    finish(*working, *following)

    for client in clients:
        choice = client.lens.choice
        assert choice is not None
        for writer in writers:
            wanted = list(range(1, writer.job.seq + 1)) if writer.job_id in choice.jobs else []
            assert seqs(client, writer.job_id) == wanted


def test_events_of_deleted_jobs_leave_no_hole_that_anybody_waits_for(relay: Relay, parts: Parts) -> None:
    first, gone, last = begun(parts, 3)
    for writer in (first, gone, last):
        parts.lifecycle.settle(writer.write([LINE, ev.JobSucceeded()]))
    parts.lifecycle.delete([gone.job_id])
    client = reader(relay, "0")
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    work(fresh := begin(parts), 2)
    until(lambda: seqs(client, fresh.job_id) == list(range(1, fresh.job.seq + 1)))
    following.kill()

    assert seqs(client, first.job_id) == seqs(client, last.job_id) == [1, 2, 3, 4]
    assert seqs(client, gone.job_id) == []


@pytest.mark.parametrize("reason", ["retention", "epoch", "ahead", "malformed"])
def test_a_cursor_that_cannot_be_served_is_told_a_gap_and_the_jobs_as_they_are(
    relay: Relay, parts: Parts, reason: str
) -> None:
    writer = begin(parts)
    at = tail(parts)
    cursors = {
        "retention": Cursor(at.epoch, 0), "epoch": Cursor("0other", at.seq), "ahead": Cursor(at.epoch, 99),
        "malformed": None,
    }  # fmt: skip
    if reason == "retention":
        parts.client.xtrim(keys.FEED, maxlen=1, approximate=False)
    client = reader(relay, cursors[reason], jobs=[writer.job_id])
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    end(writer)
    finish(following)

    assert client.types == ["stream.open", "stream.gap", "stream.snapshot", "stream.caught_up", "job.succeeded", "stream.end"]  # fmt: skip # noqa: E501
    assert client.data("stream.gap")["reason"] == reason


def test_a_feed_that_goes_on_in_another_epoch_is_a_gap_for_those_who_listen(relay: Relay, parts: Parts) -> None:
    writer = begin(parts)
    client = reader(relay, "0", jobs=[writer.job_id])
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    parts.client.delete(keys.FEED, keys.FEED_AT, keys.FED)
    end(writer)
    finish(following)

    assert client.data("stream.gap")["reason"] == "epoch"
    [shown_last] = [job for job in shown(client).values() if job["state"] == "succeeded"]
    assert shown_last["id"] == writer.job_id
    assert client.data("stream.end") == {"reason": "terminal"}


def test_a_bell_that_nobody_heard_costs_time_and_no_event(
    relay: Relay, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = begin(parts)
    client = reader(relay, "0", jobs=[writer.job_id])
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    monkeypatch.setattr(relay.feed, "_on_news", lambda _news, _slices: None)
    work(writer, 3)
    finish(following)

    assert seqs(client, writer.job_id) == list(range(1, writer.job.seq + 1))


# What it costs ---------------------------------------------------------------------------------------------------


def test_the_feed_is_subscribed_to_only_while_somebody_reads_it(relay: Relay, parts: Parts) -> None:
    def listeners() -> int:
        return dict(parts.client.pubsub_numsub(keys.FEED))[keys.FEED.encode()]

    clients = [reader(relay, "0") for _ in range(5)]
    following = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    assert (listeners(), relay.feed.channels) == (1, 1)
    for each in following:
        each.kill()
    until(lambda: len(relay) == 0 and listeners() == 0)

    assert relay.rooms.all() == []


def test_a_storm_of_readers_is_a_handful_of_reads(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 3)
    for writer in writers:
        work(writer, 20, end=False)
    before = relay.reader.reads
    clients = [reader(relay, "0", cut=40) for _ in range(200)]
    finish(*[client.start() for client in clients])

    assert all(len(client.frames) >= 40 for client in clients)
    assert relay.reader.reads - before < 40


def test_a_slow_reader_of_many_jobs_gets_everything_in_the_end(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 3)
    client = reader(relay, "0", jobs=[writer.job_id for writer in writers])
    client.pause = lambda: 0.002
    following = client.start()
    finish(*[gevent.spawn(work, writer, 40, text="x" * 2000) for writer in writers])
    finish(following)

    for writer in writers:
        assert seqs(client, writer.job_id) == list(range(1, writer.job.seq + 1))


def test_only_those_who_name_jobs_are_watching_them(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 2)
    following = [reader(relay, "0", jobs=[writers[0].job_id]).start(), reader(relay, "0").start()]
    until(lambda: any(isinstance(room, Lobby) and len(room.live) == 2 for room in relay.rooms.all()))
    watched = {job_id for room in relay.rooms.all() for job_id in room.watched}
    for each in following:
        each.kill()

    assert watched == {writers[0].job_id}


def test_a_stream_that_is_asked_to_come_back_is_told_how_far_the_feed_went(parts: Parts) -> None:
    relay = relay_of(parts, PACE)
    quiet, loud = begun(parts, 2)
    client = reader(relay, jobs=[quiet.job_id])
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    work(loud, 10, end=False)
    until(lambda: any(room.last == tail(parts) for room in relay.rooms.all()))
    relay.live.settle()
    relay.drain(0.0)
    finish(following)
    relay.stop()

    assert client.frames[-1]["event"] == "stream.reconnect"
    assert client.frames[-1]["id"] == str(tail(parts))

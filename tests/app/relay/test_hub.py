"""The relay against a real Redis: whatever happens on the way, each reader gets a whole sequence or is told."""

import random
import socket as plain_socket
import threading
from collections import defaultdict
from itertools import chain

import gevent
import psutil
import pytest
from gevent import socket

from app.relay import feed
from app.relay.delivery import Slices
from app.relay.feed import News
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.subscriber import Reading, Subscriber
from app.relay.upkeep import Pace
from jobs import keys
from jobs.eventlog import Cursor
from jobs.news import parse_live
from jobs.wiring import Parts, redis_client
from tests.app.relay.conftest import Client, begin, finish, relay_of, until, whole, work


def test_readers_from_the_beginning_from_now_and_from_a_snapshot_all_see_what_follows(
    parts: Parts, relay: Relay
) -> None:
    writer = begin(parts)
    early = [Client(relay, writer.job_id) for _ in range(10)]
    running = [client.start() for client in early]
    work(writer, 50, end=False)
    snapshots = [Client(relay, writer.job_id, after="snapshot") for _ in range(5)]
    latest = [Client(relay, writer.job_id, after="latest") for _ in range(5)]
    late = [Client(relay, writer.job_id) for _ in range(5)]
    running += [client.start() for client in (*snapshots, *latest, *late)]
    until(lambda: all("stream.caught_up" in client.types for client in (*snapshots, *latest, *late)))
    base = writer.job.seq
    work(writer, 50)
    finish(*running)
    for client in (*early, *late):
        assert client.seqs == whole(writer)
    for client in latest:
        assert client.seqs == whole(writer, base + 1)
    for client in snapshots:
        assert client.types[:2] == ["stream.open", "stream.snapshot"]
        taken = Cursor.parse(client.data("stream.snapshot")["job"]["cursor"])
        assert client.seqs == whole(writer, taken.seq + 1)


def test_a_reader_cut_anywhere_goes_on_without_hole_or_repeat(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    seen: list[int] = []

    def follow() -> None:
        after: Cursor | str = "0"
        while True:
            client = Client(relay, writer.job_id, after=after, cut=random.randint(5, 60)).run()
            seen.extend(client.seqs)
            after = Cursor.parse(client.last_id) if client.last_id else after
            if "stream.end" in client.types:
                return

    greenlet = gevent.spawn(follow)
    work(writer, 300, pause=0.001)
    finish(greenlet)
    assert seen == whole(writer)


def test_messages_lost_doubled_and_swapped_on_the_way_are_made_good_from_the_log(parts: Parts, relay: Relay) -> None:
    writer, random_source = begin(parts), random.Random(7)
    tell, kept = relay.feed._on_news, []

    def deliver(channel: bytes, payload: bytes) -> None:
        tell(defaultdict(list, {channel: [payload]}), Slices())

    def unreliable(news: News, _slices: Slices) -> None:
        for channel, payloads in news.items():
            for payload in payloads:
                pass_on(channel, payload)

    def pass_on(channel: bytes, payload: bytes) -> None:
        fate = random_source.random()
        if fate < 0.2:
            return
        if fate < 0.4:
            kept.append((channel, payload))
            return
        deliver(channel, payload)
        while kept and random_source.random() < 0.5:
            deliver(*kept.pop())
        if fate > 0.8:
            deliver(channel, payload)

    relay.feed._on_news = unreliable
    clients = [Client(relay, writer.job_id) for _ in range(5)]
    running = [client.start() for client in clients]
    work(writer, 200, pause=0.001)
    finish(*running)
    assert all(client.seqs == whole(writer) for client in clients)


def test_a_broken_feed_costs_no_event(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    clients = [Client(relay, writer.job_id) for _ in range(5)]
    running = [client.start() for client in clients]
    until(lambda: len(relay) == 5)
    for _ in range(5):
        work(writer, 20, end=False, pause=0.001)
        parts.client.client_kill_filter(_type="pubsub")
    work(writer, 20, pause=0.001)
    finish(*running)
    assert all(client.seqs == whole(writer) for client in clients)


def test_a_fault_in_what_is_done_with_a_message_leaves_nobody_deaf(parts: Parts, relay: Relay) -> None:
    writer, deliver, faults = begin(parts), relay.feed._on_news, [RuntimeError("a fault of ours")]

    def faulty(news: News, slices: Slices) -> None:
        if faults:
            raise faults.pop()
        deliver(news, slices)

    relay.feed._on_news = faulty
    client = Client(relay, writer.job_id)
    greenlet = client.start()
    until(lambda: "stream.caught_up" in client.types)
    work(writer, 20, pause=0.001)
    finish(greenlet)
    assert not faults
    assert client.seqs == whole(writer)


def test_a_message_that_makes_no_sense_is_no_other_job_s_loss(parts: Parts, relay: Relay) -> None:
    writers = [begin(parts) for _ in range(2)]
    clients = [Client(relay, writer.job_id) for writer in writers]
    running = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    parts.client.publish(keys.log(writers[0].job_id), b"neither a cursor nor a line")
    for writer in writers:
        work(writer, 5)
    finish(*running)
    assert [client.seqs for client in clients] == [whole(writer) for writer in writers]


def test_events_that_came_together_are_sent_together(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = begin(parts)
    client = Client(relay, writer.job_id)
    running = client.start()
    until(lambda: "stream.caught_up" in client.types)
    hear, follow, sent, kept = relay.feed._on_news, Subscriber.follow, list[bytes](), list[bytes]()
    monkeypatch.setattr(Subscriber, "follow", lambda one, data, *rest: sent.append(data) or follow(one, data, *rest))
    relay.feed._on_news = lambda news, _slices: kept.extend(chain(*news.values()))
    before = relay.tally.events
    work(writer, 3, end=False)
    until(lambda: kept)
    relay.feed._on_news = lambda news, slices: hear(defaultdict(list, {key: kept + news[key] for key in news}), slices)
    work(writer, 1, end=False)
    until(lambda: client.seqs == whole(writer))
    assert relay.tally.events - before > len(sent) > 0
    work(writer, 1)
    finish(running)
    assert client.seqs == whole(writer)


def test_a_storm_of_readers_costs_a_handful_of_reads(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    work(writer, 30, end=False)
    clients = [Client(relay, writer.job_id) for _ in range(200)]
    running = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    assert relay.reader.reads <= 10
    assert relay.feed.channels == 1
    work(writer, 1)
    finish(*running)
    assert all(client.seqs == whole(writer) for client in clients)


def test_a_storm_of_readers_is_encoded_once_for_each_lens(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, encoded = begin(parts), []
    work(writer, 30)
    encode = Lens.encode
    monkeypatch.setattr(Lens, "encode", lambda lens, entries: encoded.append(lens) or encode(lens, entries))
    lenses = [Lens(), Lens(types=("job.*",)), Lens(transport="ndjson")]
    clients = [Client(relay, writer.job_id, lens=lens) for lens in lenses for _ in range(20)]
    finish(*[client.start() for client in clients])
    assert len(encoded) == len(set(encoded)) == len(lenses)
    assert all(client.seqs == whole(writer) for client in clients[:20])


def test_a_reader_that_reads_slowly_delays_nobody_and_gets_everything(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    slow = Client(relay, writer.job_id, pause=lambda: 0.002)
    quick = [Client(relay, writer.job_id) for _ in range(3)]
    running = [slow.start(), *(client.start() for client in quick)]
    until(lambda: len(relay) == 4)
    work(writer, 200, text="x" * 5000, end=False)
    until(lambda: all(client.seqs[-1:] == [writer.job.seq] for client in quick))
    assert slow.seqs[-1] < writer.job.seq
    held = [subscriber for subscriber in relay.open.values() if subscriber.rest]
    assert sum(len(subscriber.rest) for subscriber in held) < 600_000
    work(writer, 1)
    finish(*running)
    assert slow.seqs == whole(writer)


def test_a_reader_that_never_reads_is_closed_and_can_come_back(parts: Parts) -> None:
    relay, writer = relay_of(parts, Pace(heartbeat=0.2, stuck=0.3)), begin(parts)
    ours, theirs = socket.socketpair()
    relay.adopt(theirs, Reading(job_id=writer.job_id, after="0", lens=Lens()))
    work(writer, 200, text="x" * 5000, end=False)
    until(lambda: relay.tally.reasons == {"stuck": 1})
    ours.close()
    relay.stop()


def test_of_a_deleted_job_the_stream_ends(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    client = Client(relay, writer.job_id)
    greenlet = client.start()
    until(lambda: "stream.caught_up" in client.types)
    parts.lifecycle.delete([writer.job_id])
    finish(greenlet)
    assert client.data("stream.end") == {"reason": "gone"}


def test_a_filter_lets_terminal_events_pass(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    client = Client(relay, writer.job_id, lens=Lens(types=("job.s*", "log")))
    greenlet = client.start()
    work(writer, 5)
    finish(greenlet)
    kinds = [name for name in client.types if not name.startswith("stream.")]
    assert kinds == ["job.started", "job.succeeded"]


def test_silence_is_broken_by_heartbeats_and_age_by_a_reconnect(parts: Parts) -> None:
    relay, writer = relay_of(parts, Pace(heartbeat=0.1, rotate=1.0)), begin(parts)
    client = Client(relay, writer.job_id).run()
    assert client.comments >= 1
    assert client.data("stream.reconnect")["reason"] == "rotate"
    relay.stop()


def test_a_room_counts_the_streams_of_its_job_live_or_not(parts: Parts, relay: Relay) -> None:
    writer, other = begin(parts), begin(parts)
    clients = [Client(relay, writer.job_id, lens=lens) for lens in (Lens(), Lens(), Lens(named=False))]
    running = [client.start() for client in clients]
    until(lambda: sum(b"stream.caught_up" in client.raw for client in clients) == 3)
    late, ours = socket.socketpair()
    relay.adopt(ours, Reading(job_id=writer.job_id, after="0", lens=Lens()))

    assert (relay.rooms.crowd(writer.job_id), relay.rooms.crowd(other.job_id)) == (4, 0)
    late.close()
    work(writer, 1)
    finish(*running)
    until(lambda: relay.rooms.crowd(writer.job_id) == 0)


def test_draining_asks_everybody_to_come_back(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    clients = [Client(relay, writer.job_id) for _ in range(10)]
    running = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    relay.drain(0.2)
    finish(*running)
    assert all(client.types[-1] == "stream.reconnect" for client in clients)
    assert len(relay) == 0


def test_readers_that_left_leave_nothing_behind(parts: Parts, relay: Relay) -> None:
    writers = [begin(parts) for _ in range(50)]
    Client(relay, writers[0].job_id, cut=3).run()
    until(lambda: len(relay) == 0)
    before = psutil.Process().num_fds()
    clients = [Client(relay, writer.job_id, cut=4) for writer in writers for _ in range(4)]
    finish(*(client.start() for client in clients))
    until(lambda: len(relay) == 0)
    until(lambda: parts.client.pubsub_channels() == [])
    assert (relay.rooms.all(), relay.feed.channels) == ([], 0)
    until(lambda: psutil.Process().num_fds() <= before)


def test_one_subscription_serves_any_number_of_readers(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    clients = [Client(relay, writer.job_id) for _ in range(100)]
    running = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    assert parts.client.pubsub_numsub(keys.log(writer.job_id)) == [(keys.log(writer.job_id).encode(), 1)]
    assert len(parts.client.client_list(_type="pubsub")) == 1
    work(writer, 1)
    finish(*running)


def test_a_live_message_is_parsed_as_it_was_written(parts: Parts) -> None:
    writer = begin(parts)
    with parts.client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(keys.log(writer.job_id))
        pubsub.get_message(timeout=5)
        work(writer, 1)
        payload = next(message["data"] for message in iter(lambda: pubsub.get_message(timeout=5), None) if message)
    assert list(parse_live(payload)) == [
        entry for entry in parts.log.read(writer.job_id, 2).entries if entry.type == "item"
    ]


def test_a_subscription_asked_for_after_a_silence_does_not_wait_for_the_next_ping(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "ANSWER", 3600)
    for _ in range(3):
        writer = begin(parts)
        Client(relay, writer.job_id, cut=3).run()


class Deaf(threading.Thread):
    """A Redis that lets clients in, and then neither speaks nor hangs up."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server = plain_socket.create_server(("127.0.0.1", 0))
        self.taken: list[plain_socket.socket] = []
        self.start()

    def run(self) -> None:
        while len(self.taken) < 2:
            connection, _ = self.server.accept()
            self.taken.append(connection)
            connection.recv(4096)
            connection.sendall(b"+OK\r\n" * 10)


def test_a_feed_that_neither_speaks_nor_breaks_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "ANSWER", 0.1)
    deaf = Deaf()
    client = redis_client(f"redis://127.0.0.1:{deaf.server.getsockname()[1]}/0")
    live = feed.Feed(client, lambda _news, _slices: None, lambda _channel: None)
    live.start()
    until(lambda: len(deaf.taken) == 2)
    live.stop()
    deaf.join()
    for connection in (*deaf.taken, deaf.server):
        connection.close()

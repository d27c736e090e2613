"""What the relay makes of load, of slow readers and of a Redis that is away: less often, merged, told, never less."""

import random
import re
import zlib
from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
import msgspec
import pytest
from gevent import socket

from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.subscriber import Reading, Subscriber
from jobs import events as ev
from jobs.errors import LogUnavailable
from jobs.eventlog import Record
from jobs.model import Job, apply
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from jobs.writer import Writer
from tests.app.relay.conftest import PACE, Client, begin, finish, relay_of, until, whole, work
from tests.service import redis_server


def envelopes(client: Client) -> list[dict[str, Any]]:
    """The stored events that *client* was told, as sent."""
    found = [msgspec.json.decode(frame["data"]) for frame in client.frames if "data" in frame]
    return [envelope for envelope in found if not envelope["type"].startswith("stream.")]


def spans(client: Client) -> list[int]:
    """Every seq that they stand for."""
    return [seq for told in envelopes(client) for seq in range(told.get("from", told["seq"]), told["seq"] + 1)]


def text(client: Client) -> str:
    return "".join(told["data"]["text"] for told in envelopes(client) if told["type"] == "output.delta")


def caught_up(*clients: Client) -> None:
    until(lambda: all("stream.caught_up" in client.types for client in clients))


def chat(writer: Writer, count: int, pause: float = 0.0) -> str:
    """Progress and text in turn; the text."""
    whole_text = ""
    for number in range(count):
        word = f"{number} "
        delta = ev.OutputAppended(name="text", offset=len(whole_text), text=word)
        writer.write([ev.StepProgressed(name="talk", done=number, total=count), delta])
        whole_text += word
        gevent.sleep(pause)
    return whole_text


def test_a_level_is_told_to_those_who_listen_and_to_those_who_come(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    early = Client(relay, writer.job_id)
    running = [early.start()]
    caught_up(early)
    relay.live.degrade(2, "load")
    until(lambda: "stream.degraded" in early.types)
    late = Client(relay, writer.job_id)
    running.append(late.start())
    until(lambda: "stream.degraded" in late.types)
    relay.live.degrade(0, "recovered")
    until(lambda: len(early.every("stream.degraded")) == len(late.every("stream.degraded")) == 2)
    work(writer, 1)
    finish(*running)
    told = [
        {"level": 2, "min_interval_ms": 1000, "reason": "load"},
        {"level": 0, "min_interval_ms": 0, "reason": "recovered"},
    ]
    assert early.every("stream.degraded") == late.every("stream.degraded") == told


@pytest.mark.parametrize("level", [2, 3])
def test_under_load_less_is_sent_and_nothing_is_lost(parts: Parts, relay: Relay, level: int) -> None:
    writer = begin(parts)
    clients = [Client(relay, writer.job_id) for _ in range(3)]
    running = [client.start() for client in clients]
    caught_up(*clients)
    relay.live.degrade(level, "load")
    said = chat(writer, 100, pause=0.002)
    writer.write([ev.JobSucceeded(result=1)])
    finish(*running)
    for client in clients:
        assert text(client) == said
        assert spans(client) == whole(writer)
        assert len(envelopes(client)) < 40


def test_a_change_of_state_comes_at_once_at_every_level(parts: Parts, relay: Relay) -> None:
    relay.live.degrade(3, "load")
    writer = begin(parts)
    client = Client(relay, writer.job_id)
    greenlet = client.start()
    caught_up(client)
    chat(writer, 3)
    chat_end = writer.write([ev.StepSucceeded(name="talk", seconds=1.0)]).seq
    with gevent.Timeout(3):
        until(lambda: spans(client)[-1:] == [chat_end])
    work(writer, 0)
    finish(greenlet)


def test_a_client_may_ask_for_less(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    calm = Client(relay, writer.job_id, lens=Lens(min_interval_ms=60_000))
    quick = Client(relay, writer.job_id)
    running = [calm.start(), quick.start()]
    caught_up(calm, quick)
    assert calm.data("stream.open")["filters"] == {"types": [], "min_interval_ms": 60_000}
    said = chat(writer, 50, pause=0.001)
    until(lambda: spans(quick)[-1] == writer.job.seq)
    work(writer, 0)
    finish(*running)
    assert text(calm) == text(quick) == said
    assert spans(calm) == spans(quick) == whole(writer)
    assert len(envelopes(calm)) < 10 < len(envelopes(quick))


def test_what_waits_when_the_load_goes_is_sent_then(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    client = Client(relay, writer.job_id)
    greenlet = client.start()
    caught_up(client)
    relay.live.degrade(3, "load")
    chat(writer, 10)
    relay.live.degrade(0, "recovered")
    with gevent.Timeout(3):
        until(lambda: spans(client)[-1] == writer.job.seq)
    work(writer, 0)
    finish(greenlet)


def test_readers_who_come_while_others_wait_are_told_everything_once(parts: Parts, relay: Relay) -> None:
    writer, lens = begin(parts), Lens(min_interval_ms=50)
    clients = [Client(relay, writer.job_id, lens=lens) for _ in range(30)]
    running = []
    for client in clients:
        running.append(client.start())
        chat_on(writer)
        gevent.sleep(random.uniform(0, 0.01))
    work(writer, 1)
    finish(*running)
    assert all(spans(client) == whole(writer) for client in clients)


def chat_on(writer: Writer) -> None:
    length = len(writer.job.outputs["text"].text) if "text" in writer.job.outputs else 0
    writer.write([ev.OutputAppended(name="text", offset=length, text="x"), ev.LogWritten(level="info", message="…")])


def test_a_slow_reader_is_told_less_often_and_ends_with_all_of_the_text(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Subscriber, "SLOW", 0.05)
    writer, gate = begin(parts), gevent.event.Event()
    slow = Client(relay, writer.job_id, pause=lambda: float(not gate.wait(30)))
    greenlet = slow.start()
    until(lambda: relay.rooms.all() != [] and bool(relay.rooms.all()[0].live))
    said = chat(writer, 4000)
    [subscriber] = relay.subscribers()
    until(lambda: bool(subscriber.rest))
    gevent.sleep(0.1)
    assert len(subscriber.rest) < 100_000
    gate.set()
    work(writer, 0)
    finish(greenlet)
    assert text(slow) == said
    assert spans(slow) == whole(writer)
    assert len(envelopes(slow)) < 6000
    assert fold(slow).progress.fraction == writer.job.progress.fraction


def fold(client: Client) -> Job:
    job: Job | None = None
    for frame in client.frames:
        if not frame.get("event", "stream.").startswith("stream."):
            job = apply(job, msgspec.json.decode(frame["data"], type=Record))
    assert job is not None
    return job


def test_a_compressed_stream_is_the_same_stream(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    ours, theirs = socket.socketpair()
    relay.adopt(theirs, Reading(job_id=writer.job_id, after="0", lens=Lens(transport="ndjson", gzip=True)), b"HEAD")
    assert ours.recv(4) == b"HEAD"
    unpack, plain = zlib.decompressobj(16 + zlib.MAX_WBITS), b""
    for number in range(5):
        writer.write([ev.LogWritten(level="info", message=f"line {number}")])
        #: Each event is there before the next is written: nothing waits in the compressor.
        with gevent.Timeout(10):
            while f"line {number}".encode() not in plain:
                plain += unpack.decompress(ours.recv(4096))
    work(writer, 0)
    while data := ours.recv(4096):
        plain += unpack.decompress(data)
    assert unpack.eof
    types = [msgspec.json.decode(line)["type"] for line in plain.splitlines() if line]
    assert types.count("log") == 5
    assert types[-2:] == ["job.succeeded", "stream.end"]
    ours.close()


def test_while_redis_is_away_streams_stay_open_and_say_so(tmp_path: Any) -> None:
    with redis_server(durable=True) as server:
        parts = assemble(Settings.from_env({"REDIS_URL": server.url, "TAILRACE_DATA": str(tmp_path)}))
        relay, writer = relay_of(parts, PACE), begin(parts)
        client = Client(relay, writer.job_id)
        greenlet = client.start()
        caught_up(client)
        server.kill()
        until(lambda: client.every("stream.degraded") == [{"level": 0, "min_interval_ms": 0, "reason": "redis_away"}])
        server.start()
        _again(lambda: work(writer, 3))
        finish(greenlet)
        assert [told["reason"] for told in client.every("stream.degraded")][:1] == ["redis_away"]
        assert client.seqs == whole(writer)
        relay.stop()
        parts.client.connection_pool.disconnect()


def test_who_comes_as_redis_goes_is_told_to_come_back(tmp_path: Any) -> None:
    with redis_server() as server:
        parts = assemble(Settings.from_env({"REDIS_URL": server.url, "TAILRACE_DATA": str(tmp_path)}))
        relay, writer = relay_of(parts, PACE), begin(parts)
        first = Client(relay, writer.job_id)
        greenlet = first.start()
        caught_up(first)
        server.kill()
        until(lambda: relay.live.away)
        #: From the newest event on: what was read a moment ago does not serve it.
        late = Client(relay, writer.job_id, after="latest").run()
        assert late.types == ["stream.reconnect"]
        assert late.data("stream.reconnect")["reason"] == "redis_away"
        assert "stream.reconnect" not in first.types
        relay.stop()
        finish(greenlet)
        parts.client.connection_pool.disconnect()


def _again(call: Callable[[], None]) -> None:
    with gevent.Timeout(20):
        while True:
            try:
                return call()
            except LogUnavailable:
                gevent.sleep(0.05)


def test_what_comes_to_pass_while_one_audience_is_sent_to_takes_nothing_from_the_next(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two sends others run: here the clock's turn, and a reader who was first to read on in the log."""
    writer = begin(parts)
    clients = [
        Client(relay, writer.job_id, lens=lens) for lens in (Lens(), Lens(transport="ndjson"), Lens(named=False))
    ]
    running = [client.start() for client in clients]
    until(lambda: sum(subscriber.live for subscriber in relay.subscribers()) == len(clients))
    send, room = relay.live.delivery.send, relay.rooms.all()[0]

    def meanwhile(*how: Any) -> None:
        send(*how)
        relay.live.settle()
        if room.last is not None and room.last.seq < writer.job.seq:
            page = relay.reader.page(writer.job_id, room.last.seq, fresh=True)
            relay.live.deliver(room, room.take(page.entries))

    monkeypatch.setattr(relay.live.delivery, "send", meanwhile)
    work(writer, 20)
    finish(*running)
    told = [re.findall(rb'"seq":(\d+),', client.raw) for client in clients]
    assert told == [[b"%d" % seq for seq in whole(writer)]] * len(clients)

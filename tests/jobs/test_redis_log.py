import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import redis

from jobs import events as ev
from jobs import keys
from jobs.errors import LogUnavailable
from jobs.eventlog import Batch, Cursor
from jobs.files import FileStore
from jobs.index import Index
from jobs.news import parse_live
from jobs.redis_feed import RedisFeed
from jobs.redis_log import TOGETHER, RedisLog, available
from jobs.wiring import redis_client
from jobs.writer import Writer, load
from tests.fault_proxy import FaultProxy
from tests.histories import BEGIN
from tests.jobs.conftest import Clients
from tests.service import RedisServer, redis_server, wait_for

JOB = "01j9zc3k2v8r5n7m4q6w0x1y2e"
REQUEST = ev.Request(type="t", params={})
BEGUN = [ev.JobQueued(request=REQUEST), ev.JobStarted(worker="w", attempt=1)]
LINE = ev.LogWritten(level="info", message='\u2028"\n中')
ALL_KEYS = {keys.head(JOB), keys.log(JOB), keys.checkpoint(JOB)}


@pytest.fixture
def client(any_redis: RedisServer, clients: Clients) -> Any:
    return clients(any_redis.url)


@pytest.fixture
def log(client: Any) -> RedisLog:
    return RedisLog(client, retention_seconds=1000, max_events=10_000)


def writer(log: RedisLog, **more: Any) -> Writer:
    return Writer(log, JOB, lambda: BEGIN, **more)


def all_keys(client: Any) -> set[str]:
    return {key.decode() for key in client.keys("*")}


# Heads -----------------------------------------------------------------------------------------------------------


def test_more_heads_than_one_call_reads_come_in_the_order_asked_for(client: Any, log: RedisLog) -> None:
    ids = [f"{n:026}" for n in range(2 * TOGETHER + 1)]
    for job_id in ids[::2]:
        client.hset(keys.head(job_id), "h", job_id)

    assert log.heads(ids) == [job_id.encode() if n % 2 == 0 else None for n, job_id in enumerate(ids)]


# What lives how long ---------------------------------------------------------------------------------------------


def test_nothing_of_a_live_job_expires(client: Any, log: RedisLog) -> None:
    writer(log).create(BEGUN)
    for _ in range(3):
        writer(log).write([LINE] * 300)

    assert all_keys(client) == ALL_KEYS
    assert [client.ttl(key) for key in ALL_KEYS] == [-1, -1, -1]


def test_with_the_terminal_event_every_key_of_the_job_begins_to_expire(client: Any, log: RedisLog) -> None:
    writer(log).create([*BEGUN, LINE, ev.JobSucceeded()])

    assert all_keys(client) == ALL_KEYS
    assert all(990 <= client.ttl(key) <= 1000 for key in ALL_KEYS)


def test_a_deleted_job_leaves_no_key(client: Any, log: RedisLog) -> None:
    writer(log).create([*BEGUN, LINE, ev.JobSucceeded()])
    log.delete(JOB)

    assert all_keys(client) == set()


# Live ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def heard(client: Any) -> Iterator[Callable[[int], list[bytes]]]:
    with client.pubsub(ignore_subscribe_messages=False) as pubsub:
        pubsub.subscribe(keys.log(JOB))
        wait_for(lambda: pubsub.get_message(timeout=1))
        yield lambda count: [wait_for(lambda: pubsub.get_message(timeout=0.2))["data"] for _ in range(count)]


def test_an_append_is_carried_live_in_one_message_equal_to_what_is_stored(log: RedisLog, heard: Any) -> None:
    job = writer(log).create(BEGUN)
    writer(log).write([LINE, ev.OutputAppended(name="a", offset=0, text="\r\n\x00\x85")])

    live = [list(parse_live(payload)) for payload in heard(2)]
    assert [len(run) for run in live] == [2, 2]
    assert live[0] + live[1] == log.read(JOB, 0).entries
    assert live[1][0].cursor == Cursor(job.epoch, 3)


def test_a_refused_and_a_repeated_append_are_not_carried_live(log: RedisLog, heard: Any) -> None:
    one = Batch(Cursor("", 0), "k3f9", [("log", b"{}")], "mine", b"h")
    log.append(JOB, one)
    log.append(JOB, one)
    log.append(JOB, Batch(Cursor("k3f9", 1), "k3f9", [("log", b"last")], "next", b"h"))

    assert [entry.envelope for payload in heard(2) for entry in parse_live(payload)] == [b"{}", b"last"]


# What Redis can do to us -----------------------------------------------------------------------------------------


def test_scripts_that_redis_forgot_are_loaded_again(client: Any, log: RedisLog) -> None:
    index = Index(client, RedisFeed(client), lease_seconds=60, clock=lambda: BEGIN)
    writer(log).create(BEGUN)
    client.script_flush()
    writer(log).write([LINE])
    client.script_flush()
    assert load(log, JOB).seq == 3
    client.script_flush()
    assert index.lease([JOB]) == index.overdue() == []


def calls(client: Any, log: RedisLog) -> dict[str, Callable[[], Any]]:
    """Every way to Redis that writes."""
    index = Index(client, RedisFeed(client), lease_seconds=60, clock=lambda: BEGIN)
    files = FileStore("memory://f", client, lambda: BEGIN)
    return {
        "append": lambda: writer(log).write([LINE]),
        "announce": lambda: index.announce("other"),
        "lease": lambda: index.lease([JOB]),
        "sweep": lambda: index.sweep_turn(1000),
        "hold": lambda: files.hold(["0" * 26], JOB),
    }


WRITES = ["append", "announce", "lease", "sweep", "hold"]


@pytest.mark.parametrize("name", WRITES)
def test_a_redis_without_memory_is_an_unavailable_log(client: Any, log: RedisLog, name: str) -> None:
    writer(log).create(BEGUN)
    before = log.read(JOB, 0)
    client.config_set("maxmemory", 1)

    with pytest.raises(LogUnavailable, match=r"OOM|OutOfMemory"):
        calls(client, log)[name]()
    assert log.read(JOB, 0) == before, "all or nothing, and reading goes on"


@pytest.mark.parametrize("name", WRITES)
def test_a_redis_that_became_a_replica_is_an_unavailable_log(client: Any, log: RedisLog, name: str) -> None:
    writer(log).create(BEGUN)
    client.replicaof("127.0.0.1", "1")

    with pytest.raises(LogUnavailable, match=r"READONLY|ReadOnly"):
        calls(client, log)[name]()


def test_a_redis_that_is_away_is_an_unavailable_log_until_it_is_back() -> None:
    with redis_server(durable=True) as server:
        client: Any = redis_client(server.url)
        log = RedisLog(client, retention_seconds=60, max_events=1000)
        writer(log).create(BEGUN)
        server.kill()
        reads = [lambda: log.load(JOB), lambda: log.read(JOB, 0), lambda: log.heads([JOB]), lambda: log.delete(JOB)]
        for call in (*calls(client, log).values(), *reads):
            with pytest.raises(LogUnavailable):
                call()
        held: list[int] = []

        def patience(_error: LogUnavailable, tries: int) -> None:
            held.append(tries)
            if tries == 2:
                server.start()

        job = writer(log, patience=patience).write([LINE])
        assert (held[:2], job.seq) == ([1, 2], 3)
        client.connection_pool.disconnect()


def test_noise_on_the_wire_is_an_unavailable_log_until_it_is_over(any_redis: RedisServer, clients: Clients) -> None:
    with FaultProxy(any_redis.port) as wire:
        client = clients(wire.url)
        log = RedisLog(client, retention_seconds=60, max_events=1000)
        writer(log).create(BEGUN)
        with wire.fault("garbage"), pytest.raises(LogUnavailable):
            log.heads([JOB])
        assert log.heads([JOB]) != [None]


@pytest.mark.parametrize("text", ["LOADING Redis is loading", "BUSY Redis is busy", "MISCONF no disk", "TRYAGAIN x"])
def test_other_ways_to_say_not_now_mean_the_same(text: str) -> None:
    with pytest.raises(LogUnavailable), available():
        raise redis.ResponseError(text)
    with pytest.raises(LogUnavailable), available():
        raise redis.ResponseError(f"Error running script (call to f_1): @user_script:1: @user_script: 1: -{text}")


@pytest.mark.parametrize("text", ["WRONGTYPE Operation against a key", "BUSYGROUP exists", "unknown command 'OOM'"])
def test_a_fault_of_ours_stays_one(text: str) -> None:
    with pytest.raises(redis.ResponseError), available():
        raise redis.ResponseError(text)


class Deaf:
    """A road to Redis that drops the next reply once it is told to, and the connection with it."""

    def __init__(self, port: int) -> None:
        self._target, self.deaf = ("127.0.0.1", port), False
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._sockets = [self._door]
        self._threads = [threading.Thread(target=self._open)]
        self._threads[0].start()

    def _open(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._sockets += [near, far]
            for pair in ((near, far, False), (far, near, True)):
                self._threads.append(threading.Thread(target=self._carry, args=pair))
                self._threads[-1].start()

    def _carry(self, source: socket.socket, target: socket.socket, replies: bool) -> None:
        try:
            while data := source.recv(65536):
                if replies and self.deaf:
                    self.deaf = False
                    break
                target.sendall(data)
            for sock in (source, target):
                sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join()


def test_an_append_whose_reply_was_lost_on_the_wire_is_repeated_and_stored_once(any_redis: RedisServer) -> None:
    road = Deaf(any_redis.port)
    client: Any = redis_client(f"redis://127.0.0.1:{road.port}/0")
    log = RedisLog(client, retention_seconds=60, max_events=1000)
    tries: list[int] = []
    try:
        run = writer(log, patience=lambda _error, count: tries.append(count))
        run.create(BEGUN)
        road.deaf = True
        run.write([LINE, ev.JobSucceeded(result=1)])
        page = log.read(JOB, 0)
    finally:
        client.connection_pool.disconnect()
        road.close()

    assert tries == [1]
    assert [entry.type for entry in page.entries] == ["job.queued", "job.started", "log", "job.succeeded"]


def test_the_text_of_an_event_is_stored_as_it_is_sent(client: Any, log: RedisLog) -> None:
    writer(log).create([*BEGUN, LINE])
    rows = client.xrange(keys.log(JOB))

    assert [at for at, _ in rows] == [b"1-0", b"2-0", b"3-0"]
    assert msgspec.json.decode(rows[2][1][b"e"])["data"] == {"level": "info", "message": LINE.message}

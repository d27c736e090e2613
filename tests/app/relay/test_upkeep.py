"""What is done by the clock: whoever was sent nothing gets a heartbeat, and a lost last message is found."""

from typing import Any

import gevent

from app.relay.room import Register, Room
from app.relay.upkeep import Pace, Patrol
from jobs import events as ev
from jobs.eventlog import Cursor, Entry
from jobs.wiring import Parts
from tests.app.relay.conftest import Client, begin, finish, relay_of, until, whole, work


def deaf(relay: Any) -> None:
    """From here on nothing that Redis publishes is heard."""
    relay.feed._on_news = lambda _news, _slices: None


def beats(client: Client) -> int:
    return client.raw.split(b"\n").count(b":")


def test_a_last_event_whose_message_was_lost_is_found_in_every_room(parts: Parts) -> None:
    """More rooms than one share of a round; some have just been opened."""
    relay = relay_of(parts, Pace(heartbeat=0.1, check=0.2))
    writers = [begin(parts) for _ in range(9)]
    clients = [Client(relay, writer.job_id) for writer in writers]
    running = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    deaf(relay)
    for writer in writers:
        writer.write([ev.JobSucceeded(result=1)])
    finish(*running)
    relay.stop()

    assert all(client.seqs == whole(writer) for client, writer in zip(clients, writers, strict=True))


def test_a_round_comes_to_each_room_once_within_the_time_of_a_check(parts: Parts) -> None:
    relay = relay_of(parts, Pace(heartbeat=60, check=10))
    jobs = [f"{n:026}" for n in range(25)]
    rooms = [relay.rooms.open(job) for job in jobs]
    patrol = Patrol(relay, relay.pace)

    seen = [[room.job_id for room in patrol._next()] for _ in range(9)]
    assert sorted(job for share in seen for job in share) == jobs
    assert max(map(len, seen)) == 3
    first = rooms[0]
    patrol._round = [first.channel]
    relay.rooms.shut(first)
    assert patrol._next() == []
    relay.stop()


def test_a_room_is_held_against_the_log_where_nothing_came_since_it_began_or_since_the_last_look() -> None:
    room, busy = Room("job"), Room("job")
    for each in (room, busy):
        each.begin(Cursor("e", 3))
    assert [room.silent() for _ in range(4)] == [True, False, True, False]
    room.take([Entry(Cursor("e", 4), "item", b"{}")])
    assert [room.silent() for _ in range(4)] == [False, True, False, True]
    busy.take([Entry(Cursor("e", 4), "item", b"{}")])
    assert [busy.silent(), busy.silent()] == [False, True], "what comes says by its number whether any is missing"


def test_one_stream_whose_upkeep_fails_keeps_none_of_the_others_from_theirs(parts: Parts) -> None:
    relay, writer = relay_of(parts, Pace(heartbeat=0.1)), begin(parts)
    clients = [Client(relay, writer.job_id) for _ in range(3)]
    running = [client.start() for client in clients]
    until(lambda: all("stream.caught_up" in client.types for client in clients))
    faulty, *_ = relay.subscribers()
    faulty.retire = None  # type: ignore[assignment] # a fault of ours
    until(lambda: sum(beats(client) > 1 for client in clients) >= 2)
    faulty.retire = faulty.opened + 60
    until(lambda: all(beats(client) > 1 for client in clients))
    work(writer, 1)
    finish(*running)
    relay.stop()


def test_a_stream_that_is_never_silent_for_long_gets_its_first_heartbeat_all_the_same(parts: Parts) -> None:
    """It comes at a random moment, so that those of many who came at once do not fall together."""
    relay, writer = relay_of(parts, Pace(heartbeat=1.0)), begin(parts)
    client = Client(relay, writer.job_id)
    running = client.start()
    until(lambda: "stream.caught_up" in client.types)
    while not client.comments:
        work(writer, 1, end=False)
        gevent.sleep(0.02)
    work(writer, 1)
    finish(running)
    relay.stop()


def test_all_rooms_whose_channel_is_confirmed_share_one_event() -> None:
    register = Register()
    rooms = [Room(job, register) for job in ("a", "b")]
    waiting = rooms[0].ready
    assert not waiting.is_set()
    for room in rooms:
        room.confirm(1.0)

    assert waiting.is_set()
    assert rooms[0].ready is rooms[1].ready
    assert rooms[0].ready.is_set()

"""What clients say on their WebSockets: read, answered, and done one thing after another."""

from time import monotonic
from typing import TYPE_CHECKING

import gevent

from app.relay.hearing import ALLOWANCE, UNANSWERED, Hearing
from app.relay.subscriber import Subscriber
from jobs.eventlog import Cursor

if TYPE_CHECKING:
    from app.relay.hub import Relay

#: Bytes read at a time: what comes of them must not hold up the loop.
_CHUNK = 4096


def begin(relay: "Relay", subscriber: Subscriber, early: bytes) -> None:
    """From here on the client is heard, beginning with what it said before anybody listened."""
    if subscriber.hearing is not None and not subscriber.closed:
        relay.watch(subscriber)
        if early:
            _take(relay, subscriber, subscriber.hearing, early)


def turn(relay: "Relay", subscriber: Subscriber) -> None:
    """The client has said something."""
    data = _read(relay, subscriber)
    if data and subscriber.hearing is not None and not subscriber.ending:
        _take(relay, subscriber, subscriber.hearing, data)


def finish(relay: "Relay", subscriber: Subscriber) -> None:
    """The client is gone; what it said last counts."""
    while subscriber.hearing is not None and not subscriber.ending and subscriber.hearing.allowance > 0:
        data = _read(relay, subscriber)
        if not data:
            return
        _take(relay, subscriber, subscriber.hearing, data)


def refresh(relay: "Relay", subscriber: Subscriber) -> None:
    """Time has passed: a client that had said too much is heard again."""
    hearing = subscriber.hearing
    if hearing is not None and hearing.allowance < ALLOWANCE:
        hearing.allowance = ALLOWANCE
        relay.watch(subscriber)


def ping(subscriber: Subscriber) -> bool:
    """Notes that the client is about to be pinged; False where it has answered none of the last ones."""
    hearing = subscriber.hearing
    if hearing is None:
        return True
    hearing.unanswered += 1
    return hearing.unanswered <= UNANSWERED


def settle(relay: "Relay", subscriber: Subscriber) -> bool:
    """Sends what the client is owed, once it may be told anything; False where that did not fit."""
    hearing = subscriber.hearing
    if hearing is None or not hearing.owed or subscriber.rest or subscriber.fresh:
        return True
    frames, hearing.owed = hearing.owed, b""
    if relay.send(subscriber, frames):
        return True
    if subscriber.live and not subscriber.closed:
        relay.leave(subscriber).expect(subscriber)
    return False


def _read(relay: "Relay", subscriber: Subscriber) -> bytes:
    if subscriber.closed:
        return b""
    try:
        return subscriber.sock.recv(_CHUNK)
    except BlockingIOError:
        return b""
    except OSError:
        relay.drop(subscriber, "gone")
        return b""


def _take(relay: "Relay", subscriber: Subscriber, hearing: Hearing, data: bytes) -> None:
    heard = hearing.talk.receive(data)
    hearing.unanswered = 0
    hearing.allowance -= len(data)
    hearing.said += heard.messages
    if heard.messages and not hearing.busy:
        hearing.busy = True
        gevent.spawn(_do, relay, subscriber, hearing)
    if heard.closed is not None:
        relay.part(subscriber, hearing.owed + heard.reply, heard.closed)
    else:
        hearing.owe(heard.reply)
        settle(relay, subscriber)
        relay.watch(subscriber)


def _do(relay: "Relay", subscriber: Subscriber, hearing: Hearing) -> None:
    """What was said, in order and in a greenlet of its own: a cancel waits for Redis."""
    lens, job_id = subscriber.reading.lens, subscriber.reading.job_id
    while hearing.said:
        position = subscriber.position
        told = hearing.hear(hearing.said.pop(0), position if isinstance(position, Cursor) else None)
        if isinstance(told, Cursor):
            _acknowledge(relay, subscriber, hearing, told)
        elif told is not None:
            hearing.owe(lens.control("stream.refused", job_id, told))
            settle(relay, subscriber)
    hearing.busy = False
    relay.watch(subscriber)


def _acknowledge(relay: "Relay", subscriber: Subscriber, hearing: Hearing, cursor: Cursor) -> None:
    """The client's own word on how far it has got; one that gets on is not stuck."""
    relay.tally.acknowledgements += 1
    if hearing.acknowledged is None or cursor.seq > hearing.acknowledged.seq:
        hearing.acknowledged = cursor
        if subscriber.rest:
            subscriber.heard = monotonic()

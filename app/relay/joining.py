"""A subscriber's way up to date, whatever comes: tried again while Redis is away, ended where the job is gone."""

import logging
import random
from time import monotonic
from typing import TYPE_CHECKING

import gevent

from app.relay import upkeep
from app.relay.join import Join
from app.relay.joinmany import JoinMany
from app.relay.replay import LATEST
from app.relay.subscriber import Subscriber
from jobs.errors import JobNotFound, LogUnavailable
from jobs.eventlog import Page

if TYPE_CHECKING:
    from app.relay.hub import Relay

log = logging.getLogger("tailrace.stream")

#: Seconds for which a stream that has just been opened waits for a Redis that is away.
AWAY = 1.0


def begin(relay: "Relay", subscriber: Subscriber, page: Page | None) -> None:
    """Where there is nothing to be read for it, at once and here: most come for what is yet to happen.

    *page* is what the log was, where somebody has just looked from the subscriber's room.
    """
    last = subscriber.topic.last
    if last is None:
        #: Another room than the one that was looked from: it would have missed what came meanwhile.
        page = None
    if page is not None and last == page.last and subscriber.position in {LATEST, last}:
        subscriber.rejoining = True
        run(relay, subscriber, Join, page)
    else:
        spawn(relay, subscriber, page)


def spawn(relay: "Relay", subscriber: Subscriber, page: Page | None = None) -> None:
    """As :func:`run`, in a greenlet of its own; once at a time."""
    if not subscriber.rejoining:
        subscriber.rejoining = True
        kind = Join if subscriber.reading.lens.choice is None else JoinMany
        gevent.spawn(run, relay, subscriber, kind, page)


def run(relay: "Relay", subscriber: Subscriber, kind: "type[Join]", page: Page | None = None) -> None:
    """Brings the subscriber up to date, as *kind* does it; waits while Redis is away, ends where the job is gone.

    *page* says where the log stands, where somebody has just looked.
    """
    try:
        _run(relay, subscriber, kind, page)
    finally:
        subscriber.rejoining = False


def _run(relay: "Relay", subscriber: Subscriber, kind: "type[Join]", page: Page | None) -> None:
    pause, began = 0.1, monotonic()
    while not subscriber.closed and not subscriber.live and not subscriber.ending:
        try:
            kind(relay, subscriber, page).run()
        except LogUnavailable:
            if subscriber.fresh and monotonic() - began > AWAY:
                #: It has been told nothing yet, and would not be told why.
                retry_ms = random.randint(1000, 5000)  # noqa: S311 - jitter
                upkeep.reconnect(relay, subscriber, "redis_away", retry_ms=retry_ms)
                return
            page, pause = None, min(2.0, pause * 2)
            gevent.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter
        except JobNotFound:
            relay.end(subscriber, subscriber.reading.told("stream.end", {"reason": "gone"}), "gone")
        except Exception:
            #: Left alone it would be silent for ever; closed, it comes back by its cursor.
            log.exception("a stream could not be brought up to date")
            relay.drop(subscriber, "failed")
        else:
            return

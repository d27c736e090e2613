"""The web tier's root: settings and parts in, one WSGI application out."""

import logging
import os
import random
import sys
from time import monotonic
from typing import Any

import gevent
import msgspec
from gevent.hub import get_hub

from app import events, many, sockets
from app.factory import create_app
from app.metrics import Metrics
from app.relay import presence
from app.relay.beat import pause
from app.relay.gauge import Gauge
from app.relay.governor import Governor
from app.relay.hub import Relay
from app.relay.overload import Overload, report
from app.relay.upkeep import Pace
from app.roster import Roster
from app.streams import Detach
from app.view import View
from app.waiting import Seats
from app.web import pages
from jobs.errors import LogUnavailable
from jobs.eventlog import Cursor
from jobs.settings import Settings
from jobs.wiring import assemble

log = logging.getLogger("tailrace.web")

#: Seconds between looks at whether the process is to stop, and those over which its streams then end.
_LOOK = 0.25
_SPREAD = 4.0
#: What readers get on top to take their last words.
_LAST_WORDS = 2.0

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
settings = Settings.from_env(os.environ)
parts = assemble(settings)
view = View.of(parts)


def _snapshot(job_id: str) -> tuple[Cursor, Any]:
    """The job as a stream tells it; encoded once for all who ask at the same moment.

    Its links carry no token: whoever reads a stream has one, and could renew it for ever.
    """
    job = parts.lifecycle.load(job_id)
    shown = view.job(job)
    shown["links"] = view.links(job_id, signed=False)
    return job.cursor, msgspec.Raw(msgspec.json.encode(shown))


pace = Pace(heartbeat=settings.heartbeat_seconds, rotate=settings.rotate_seconds)
relay = Relay(
    parts.client,
    parts.log,
    _snapshot,
    view.prospects.places,
    pace=pace,
    retention_seconds=settings.retention_seconds,
    cards=Roster(parts.lifecycle, view).cards,
)
overload = Overload(
    relay,
    Gauge(get_hub().loop),
    Governor(least=settings.degradation_level),
    watched=settings.degrade,
)
metrics = Metrics()
metrics.watch(relay, overload)
listen = Seats(relay.listen)
streams = events.Streams(parts, relay, listen)
of_many = many.Many(parts, relay, streams, listen)
app = Detach(
    create_app(
        parts,
        open_stream=streams.open,
        draining=lambda: relay.draining,
        listen=listen,
        page=pages.blueprint,
        blueprints=[
            events.blueprint(streams),
            many.blueprint(of_many),
            sockets.blueprint(sockets.Sockets(parts, relay, streams, of_many, view.auth)),
        ],
        view=view,
        metrics=metrics,
    )
)


def watch(worker: Any) -> None:
    """Begins what runs beside the requests; drains once gunicorn tells *worker* to stop."""
    gevent.spawn(_drain, worker)
    gevent.spawn(_sweep)
    gevent.spawn(presence.run, relay, parts.index)
    gevent.spawn(overload.run)
    gevent.spawn(report, overload, parts.load.say)


def _drain(worker: Any) -> None:
    while worker.alive:
        pause(_LOOK)
    relay.drain(_SPREAD)


def see_off() -> None:
    """Waits until no stream is left: gunicorn's own grace knows nothing of the sockets that were taken from it."""
    deadline = monotonic() + _LOOK + _SPREAD + _LAST_WORDS
    while len(relay) and monotonic() < deadline:
        gevent.sleep(_LOOK)


def _sweep() -> None:
    """The web tier's share of the sweep: if every worker is gone, web processes notice what was lost with them."""
    while True:
        gevent.sleep(random.uniform(0.5, 1.0))  # noqa: S311 - so that processes do not all try at once
        try:
            parts.sweep.turn()
        except LogUnavailable as error:
            log.debug("sweep: %s", error)
        except Exception:
            #: Whatever it was: a sweep that has ended is missed by nobody until a worker is lost.
            log.exception("sweep")

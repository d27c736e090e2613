"""The web tier's root: settings and parts in, one WSGI application out."""

import logging
import os
import random
import sys
from typing import Any

import gevent
import msgspec

from app import events, many
from app.factory import create_app
from app.metrics import Metrics
from app.relay import presence
from app.relay.hub import Relay
from app.relay.upkeep import Pace
from app.roster import Roster
from app.streams import Detach
from app.view import View
from app.web import pages
from jobs.errors import LogUnavailable, TailraceError
from jobs.eventlog import Cursor
from jobs.settings import Settings
from jobs.wiring import assemble

log = logging.getLogger("tailrace.web")

#: Seconds between looks at whether the process is to stop, and those over which its streams then end.
_LOOK = 0.2
_SPREAD = 4.0

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
metrics = Metrics()
metrics.watch(relay)
streams = events.Streams(parts, relay)
app = Detach(
    create_app(
        parts,
        open_stream=streams.open,
        draining=lambda: relay.draining,
        listen=relay.listen,
        page=pages.blueprint,
        blueprints=[events.blueprint(streams), many.blueprint(many.Many(parts, relay, streams))],
        view=view,
        metrics=metrics,
    )
)


def watch(worker: Any) -> None:
    """Begins what runs beside the requests; drains once gunicorn tells *worker* to stop."""
    gevent.spawn(_drain, worker)
    gevent.spawn(_sweep)
    gevent.spawn(presence.run, relay, parts.index)


def _drain(worker: Any) -> None:
    while worker.alive:
        gevent.sleep(_LOOK)
    relay.drain(_SPREAD)


def _sweep() -> None:
    """The web tier's share of the sweep: if every worker is gone, web processes notice what was lost with them."""
    while True:
        gevent.sleep(random.uniform(0.5, 1.0))  # noqa: S311 - so that processes do not all try at once
        try:
            parts.sweep.turn()
        except LogUnavailable as error:
            log.debug("sweep: %s", error)
        except (TailraceError, OSError):
            log.exception("sweep")

"""The web application as it is, and beside it ``/counted``: what lives in its process, asked of the collector.

Looking at every object takes a good part of a second of a busy process: it is for measurements alone.
"""

import gc
import json
import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

import gevent
from gevent.hub import get_hub

from app.relay.room import Room
from app.relay.subscriber import Subscriber
from app.wsgi import app as _app

#: By name: gevent's watchers of its loop have no public base class.
_WATCHERS = ("timer", "io")


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/counted":
        return _app(environ, start_response)
    body = json.dumps(_counted()).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _counted() -> dict[str, int]:
    gc.collect()
    found: Counter[str] = Counter()
    loop = type(get_hub().loop).__module__
    for each in gc.get_objects():
        if isinstance(each, gevent.Greenlet):
            found["greenlets"] += not each.dead
        elif isinstance(each, Subscriber):
            found["subscribers"] += 1
        elif isinstance(each, Room):
            found["rooms"] += 1
        elif type(each).__name__ in _WATCHERS and type(each).__module__ == loop:
            found[type(each).__name__ + "s"] += bool(each.active)
    return {"pid": os.getpid(), **found}

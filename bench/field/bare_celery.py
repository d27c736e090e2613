"""Celery as it is used without us: a task that does nothing, and one that tells of itself by ``update_state``."""

import os
import time
from typing import Any, NamedTuple

from celery import Celery

#: What a task says of itself in its state: as large as an event of ours.
META = {"current": 123456, "total": 1000000, "percent": 12.3456, "message": "processing chunk " + "x" * 80}
NOTHING, TELL = "bare.nothing", "bare.tell"


class Sent(NamedTuple):
    """The seconds that each call took, and all of them together."""

    took: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds


def bare(url: str) -> Celery:
    """Celery with its defaults, on databases of its own of the Redis at *url*."""
    made = Celery("bare", broker=f"{url}/1", backend=f"{url}/2")
    made.conf.broker_connection_retry_on_startup = True
    made.task(_nothing, name=NOTHING, ignore_result=True)
    made.task(_tell, name=TELL, bind=True)
    return made


def _nothing() -> None:
    """What it takes is what everything around it takes."""


def _tell(self: Any, calls: int) -> list[float]:
    """Microseconds that each of so many calls of ``update_state`` took."""
    took, clock = [], time.perf_counter_ns
    for _ in range(calls):
        before = clock()
        self.update_state(state="PROGRESS", meta=META)
        took.append((clock() - before) / 1000)
    return took


def send(app: Celery, *, seconds: float = float("inf"), tasks: float = float("inf")) -> Sent:
    """Sends one task that does nothing after the other, until either is reached."""
    nothing, took = app.tasks[NOTHING], list[float]()
    nothing.apply_async()
    began = before = time.perf_counter()
    while len(took) < tasks and before - began < seconds:
        nothing.apply_async()
        now = time.perf_counter()
        took.append(now - before)
        before = now
    return Sent(took, before - began)


#: For the worker's command line.
app = bare(os.environ.get("FIELD_REDIS", "redis://127.0.0.1:6379"))

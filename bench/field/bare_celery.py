"""Celery as it is used without us: a task that does nothing, and one that tells of itself by ``update_state``."""

import os
import time
from typing import Any

from celery import Celery

#: What a task says of itself in its state: as large as an event of ours.
META = {"current": 123456, "total": 1000000, "percent": 12.3456, "message": "processing chunk " + "x" * 80}
NOTHING, TELL = "bare.nothing", "bare.tell"


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


def send(app: Celery, *, seconds: float = float("inf"), tasks: float = float("inf")) -> float:
    """Sends one task that does nothing after the other, until either is reached; how many a second."""
    nothing = app.tasks[NOTHING]
    nothing.apply_async()
    began, sent = time.perf_counter(), 0
    while sent < tasks and time.perf_counter() - began < seconds:
        nothing.apply_async()
        sent += 1
    return sent / (time.perf_counter() - began)


#: For the worker's command line.
app = bare(os.environ.get("FIELD_REDIS", "redis://127.0.0.1:6379"))

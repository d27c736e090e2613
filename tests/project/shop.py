"""A project that has Celery tasks of its own: an app, a queue and a worker that know nothing of ours but one base."""

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery

from tailrace import Cancelled, current
from tailrace_celery import TailraceTask, tracked

app = Celery("shop", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@app.task(base=TailraceTask, bind=True)
def count(self: Any, number: int) -> int:
    """Counts, and says so."""
    with self.tailrace.step("count") as step:
        for n in step.track(range(number), unit="items"):
            self.tailrace.output("text").write(f"{n} ")
    current().metric("counted", number)
    return number * 2


@tracked(app, steps=["wait"], capture=True)
def wait(seconds: float = 600, marks: str = "") -> str:
    """Waits, and looks up now and then."""
    print("waiting")  # noqa: T201
    _mark(marks, "begin")
    try:
        with current().step("wait") as step:
            for _ in step.track(range(round(seconds * 100))):
                time.sleep(0.01)
    except Cancelled:
        _mark(marks, "cancelled")
        raise
    return "waited"


@app.task(base=TailraceTask, name="Shop.Deaf")
def deaf() -> None:
    """Hears nothing."""
    while True:
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001, S112 - that is its point
            continue


@app.task(base=TailraceTask, timeout_seconds=0.5)
def late() -> None:
    while True:
        current().raise_if_cancelled()
        time.sleep(0.01)


@app.task(base=TailraceTask, soft_time_limit=1)
def soft() -> None:
    """Ended by Celery's own limit, which is a signal that ours uses as well."""
    time.sleep(600)


@app.task(base=TailraceTask)
def broken(text: str) -> None:
    raise ValueError(text)


@app.task(base=TailraceTask, bind=True, max_retries=2, default_retry_delay=0)
def fickle(self: Any) -> int:
    """Succeeds at its second try."""
    if self.request.retries == 0:
        raise self.retry()
    return int(self.request.retries)


@app.task(base=TailraceTask)
def large() -> str:
    return "x" * 100_000


@app.task
def plain(number: int) -> int:
    """No job."""
    return number + 1


def _mark(marks: str, line: str) -> None:
    if marks:
        with Path(marks).open("a") as file:
            file.write(line + "\n")

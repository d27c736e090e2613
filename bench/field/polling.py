"""Celery's own way of telling progress, as clients have it: ``update_state`` in a task, and asking for it."""

import time

import httpx

from bench.field.ground import Field, Target
from bench.field.installs import PEERS, venv
from bench.field.servers import process
from tests.service import wait_for


def polled(field: Field, target: Target, *, rate: int, seconds: float, every: float) -> tuple[float, float]:
    """p50 and p99 in ms from an ``update_state`` to whoever asks *every* so many seconds; what they miss is no part."""
    celery = str(venv("requirements", field.folder) / "celery")
    words = [celery, "-A", "with_celery:celery", "worker", "-c", "1", "--without-gossip", "--without-mingle"]
    env = {"REDIS_URL": field.redis.url, "PATH": "/usr/bin:/bin"}
    with (
        process(field, "celery worker", words, beside=True, cwd=PEERS, env=env),
        httpx.Client(base_url=f"http://127.0.0.1:{target.options['port']}", timeout=30) as client,
    ):
        job = client.get(f"/tell/{rate}/{round(seconds) + 5}").raise_for_status().json()["id"]
        wait_for(lambda: client.get(f"/state/{job}").json()["state"] == "PROGRESS", 60, what="the task")
        return _asked(client, job, rate, seconds, every)


def _asked(client: httpx.Client, job: str, rate: int, seconds: float, every: float) -> tuple[float, float]:
    """Of every call that was made between two answers, how long until the second of them told of it."""
    late: list[float] = []
    last, until = client.get(f"/state/{job}").json()["info"], time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(every)
        info, now = client.get(f"/state/{job}").json()["info"], time.monotonic()
        if not info:
            break
        #: What was told in between is overwritten; its moment follows from the pace.
        late += [now - info["at"] + n / rate for n in range(info["current"] - last["current"])]
        last = info
    late.sort()
    return 1000 * late[len(late) // 2], 1000 * late[len(late) * 99 // 100]

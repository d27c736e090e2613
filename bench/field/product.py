"""Tailrace as it is deployed: gunicorn with its own configuration, token, filters, heartbeats, metrics; jobs in Redis.

The jobs are begun by the product's own writer and stand as running. Their further events come from the generator by the
product's own append script, or, for rates beyond what Redis can store on its half of a core, by what that script
publishes and the head that it moves on: whoever is live cannot tell the difference.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from http import HTTPStatus
from typing import Any

import httpx

from bench.field.figures import OURS
from bench.field.ground import Field, Subject, Target
from bench.field.servers import served, without_compiler
from jobs import keys
from jobs.connect import redis_client
from jobs.events import JobQueued, JobStarted, Request
from jobs.files import new_id
from jobs.model import Job
from jobs.redis_log import RedisLog, script
from jobs.writer import Writer
from tests.service import BIN, ROOT, free_port, wait_for

TOKEN = "a-token-of-the-bench-alone"  # noqa: S105 - of a service that lives for seconds
#: All of the stream's path that a client can ask for: a filter, and events from now on.
LIVE = "/v1/jobs/%n/events?after=latest&types=item,step.*,job.*"
REPLAY = "/v1/jobs/%n/events?after=0"
ENVELOPE = '{"id":"%e-%q","seq":%q,"type":"item","job":"%n","time":"2026-01-01T00:00:00.000Z","attempt":1,"data":%s}'
#: As many as any scenario opens; the product's own limits guard one process against too many.
LIMITS = {"TAILRACE_MAX_STREAMS": "20000", "TAILRACE_MAX_STREAMS_PER_JOB": "20000"}
APPEND = script("append.lua")


@contextmanager
def _running(field: Field, channels: int) -> Iterator[Target]:
    port = free_port()
    words = [str(BIN / "gunicorn"), "-c", "gunicorn.conf.py", "app.wsgi:app"]
    with served(field, OURS, port, words, {}, cwd=ROOT, env=environment(field, port)) as target:
        #: Its door is open before its application is loaded.
        wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/livez").status_code == HTTPStatus.OK, what=OURS)
        jobs = Jobs(field, channels)

        def renew() -> None:
            #: What was too much before is no part of what is measured next; streams may still be sent away for it.
            wait_for(lambda: _level(port) == 0, 30, what="a service that has recovered")
            jobs.written()

        yield replace(target, options={**target.options, **jobs.options()}, renew=renew)


def _level(port: int) -> float:
    """How far the service has cut down."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    figures = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers).raise_for_status().text
    return float(figures.partition("\ntailrace_degradation_level ")[2].partition("\n")[0])


def environment(field: Field, port: int) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TAILRACE_")}
    data = field.folder / "service"
    given = {"REDIS_URL": field.redis.url, "PORT": str(port), "TAILRACE_TOKEN": TOKEN, "TAILRACE_DATA": str(data)}
    return {**own, **LIMITS, **given, "PYTHONPATH": str(ROOT)}


class Jobs:
    """So many jobs that a worker has started, by the product's own writer; the generator goes on with them."""

    def __init__(self, field: Field, number: int) -> None:
        self._client = redis_client(field.redis.url)
        self._log = RedisLog(self._client, retention_seconds=3600, max_events=100_000)
        self._begun = [self._begin() for _ in range(number)]
        self._names = field.folder / "jobs"
        self._names.parent.mkdir(parents=True, exist_ok=True)
        self._client.script_load(APPEND)

    def _begin(self) -> Job:
        #: All at one moment, so that one head fits them.
        writer = Writer(self._log, new_id(), lambda: 1_767_225_600_000)
        request = Request(type="watched", params={})
        return writer.create([JobQueued(request=request), JobStarted(worker="bench", attempt=1)])

    def options(self) -> dict[str, Any]:
        """What the generator must be told to read them and to append to them."""
        first = self._begun[0]
        (head,) = self._log.heads([first.id])
        form = {first.id: "%n", first.epoch: "%e", f'"seq":{first.seq}': '"seq":%q'}
        return {
            "path": LIVE,
            "header": f"Authorization: Bearer {TOKEN}\r\n",
            "ready": "stream.caught_up",
            #: As many as keep it busy. Thousands at one moment it would in part send away to poll, and rightly so.
            "concurrent": 8,
            "pub": "append",
            "names": self._names,
            "env": ENVELOPE,
            "head": reduce(lambda text, pair: text.replace(*pair), form.items(), (head or b"").decode()),
            "sha": hashlib.sha1(APPEND.encode()).hexdigest(),  # noqa: S324 - Redis names a script so
        }

    def written(self) -> None:
        """Where each of them stands now, a line each: its id, its epoch, its last event."""
        with self._client.pipeline(transaction=False) as pipe:
            for job in self._begun:
                pipe.hget(keys.head(job.id), "s")
            seqs = [int(seq) for seq in pipe.execute()]
        lines = [f"{job.id} {job.epoch} {seq}\n" for job, seq in zip(self._begun, seqs, strict=True)]
        self._names.write_text("".join(lines), "ascii")


TAILRACE = Subject(OURS, _running, without_compiler)

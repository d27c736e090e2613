"""Tailrace as it is deployed: gunicorn with its own configuration, token, filters, heartbeats, metrics; jobs in Redis.

The jobs are begun by the product's own writer and stand as running. Their further events come from the generator by the
product's own append script, or, for rates beyond what Redis can store on its half of a core, by what that script
publishes and the head that it moves on: whoever is live cannot tell the difference.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from bench.field.figures import OURS
from bench.field.ground import Field, Subject, Target
from bench.field.native import LACKING, compiler
from bench.field.servers import served
from jobs.connect import redis_client
from jobs.events import JobQueued, JobStarted, Request
from jobs.files import new_id
from jobs.model import Job
from jobs.redis_log import RedisLog, script
from jobs.writer import Writer
from tests.service import BIN, ROOT, free_port

TOKEN = "a-token-of-the-bench-alone"  # noqa: S105 - of a service that lives for seconds
#: All of the stream's path that a client can ask for: a filter, and events from now on.
LIVE = "/v1/jobs/%n/events?after=latest&types=item,step.*,job.*"
REPLAY = "/v1/jobs/%n/events?after=0"
ENVELOPE = '{"id":"%e-%q","seq":%q,"type":"item","job":"%n","time":"2026-01-01T00:00:00.000Z","attempt":1,"data":%s}'
#: As many as any scenario opens; the product's own limits guard one process against too many.
LIMITS = {"TAILRACE_MAX_STREAMS": "20000", "TAILRACE_MAX_STREAMS_PER_JOB": "20000"}
_numbers = count()


@contextmanager
def _running(field: Field, channels: int) -> Iterator[Target]:
    port = free_port()
    words = [str(BIN / "gunicorn"), "-c", "gunicorn.conf.py", "app.wsgi:app"]
    with served(field, OURS, port, words, {}, cwd=ROOT, env=environment(field, port)) as target:
        yield replace(target, options={**target.options, **jobs(field, channels)})


def environment(field: Field, port: int) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TAILRACE_")}
    data = field.folder / "service"
    given = {"REDIS_URL": field.redis.url, "PORT": str(port), "TAILRACE_TOKEN": TOKEN, "TAILRACE_DATA": str(data)}
    return {**own, **LIMITS, **given, "PYTHONPATH": str(ROOT)}


def jobs(field: Field, number: int) -> dict[str, Any]:
    """Begins so many jobs; what the generator must be told to read and to go on with them."""
    client = redis_client(field.redis.url)
    log = RedisLog(client, retention_seconds=3600, max_events=100_000)
    begun = [begin(log, new_id()) for _ in range(number)]
    head = str((log.heads([begun[0].id])[0] or b"").decode())
    text = script("append.lua")
    client.script_load(text)
    client.connection_pool.disconnect()
    return {
        "path": LIVE,
        "header": f"Authorization: Bearer {TOKEN}\r\n",
        "ready": "stream.caught_up",
        "pub": "append",
        "names": written(field.folder / f"jobs-{next(_numbers) % 4}", begun),
        "seq": 2,
        "env": ENVELOPE,
        "head": head.replace(begun[0].id, "%n").replace(begun[0].epoch, "%e").replace('"seq":2', '"seq":%q'),
        "sha": hashlib.sha1(text.encode()).hexdigest(),  # noqa: S324 - Redis names a script so
    }


def begin(log: RedisLog, job_id: str) -> Job:
    """A job that a worker has started, by the product's own writer; all at one moment, so that one head fits them."""
    writer = Writer(log, job_id, lambda: 1_767_225_600_000)
    return writer.create([JobQueued(request=Request(type="watched", params={})), JobStarted(worker="bench", attempt=1)])


def written(path: Path, jobs: Sequence[Job]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{job.id} {job.epoch}\n" for job in jobs), "ascii")
    return path


TAILRACE = Subject(OURS, _running, lambda _field: None if compiler() else LACKING)

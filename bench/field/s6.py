"""S6: how fast jobs are taken in, got through and told of, beside Celery alone in the same run."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from statistics import median

from bench.field.bare_celery import send
from bench.field.figures import OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field
from bench.field.inner import Inner, inner, move
from bench.field.poster import Poster
from jobs.lifecycle import RUNG
from tests.service import wait_for

TITLE = "Submit: jobs accepted, run to the end, and told of"
NAME = "S6"
CELERY = "bare Celery"
#: The callers are enough for one web process never to wait for one; the slots are processes that run jobs, or tasks.
CALLERS, SLOTS = 16, 2
#: What is posted.
BODY = {"type": "nothing", "params": {}}
SENT, COALESCED, THROUGH = "sent, or accepted and rung for", "accepted, not rung for", "run to the end"
AT_ONCE, OPENED = "first event, asked for by the submit", "first event, stream opened after it"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    with inner(field, TAILRACE_CONCURRENCY=str(SLOTS)) as service:
        service.worker().stop()
        with field.server():
            web = service.web()
        for _ in range(rounds):
            _accepted(service, notes, 1.5 if quick else 4)
            move(web.pid, field.generator_core)
            _through(service, notes, 800 if quick else 2000)
            move(web.pid, field.server_core)
            _told(service, notes, 60 if quick else 300)
    yield from notes.figures()


def bars(figures: Figures) -> Iterator[Bar]:
    text = "jobs accepted/s by one web process, each rung for, to tasks sent/s by a bare `apply_async`"
    yield ratio_bar(figures, NAME, SENT, text, to=CELERY, limit=0.5, at_least=True)
    text = "the same under load, behind so many waiting jobs that none is rung for"
    yield Bar(scenario=NAME, text=text, value=_coalesced(figures), limit=0.8, at_least=True)
    text = "jobs that do nothing, run/s end to end, to such tasks of a bare Celery"
    yield ratio_bar(figures, NAME, THROUGH, text, to=CELERY, limit=0.6, at_least=True)
    for name in (AT_ONCE, OPENED):
        yield Bar(scenario=NAME, text=f"{name}, p50 in ms", value=figures.median(NAME, OURS, name), limit=10)


def _coalesced(figures: Figures) -> float | None:
    ours, theirs = figures.median(NAME, OURS, COALESCED), figures.median(NAME, CELERY, SENT)
    return ours / theirs if ours and theirs else None


# Accepted -----------------------------------------------------------------------------------------------------------


def _accepted(service: Inner, notes: Notes, seconds: float) -> None:
    """With nobody to run them, so that the queue grows: first while each job is rung for, then behind those."""
    with service.ground.server():
        notes.add(CELERY, SENT, "/s", send(service.bare, seconds=seconds))
    service.clear()
    poster = Poster(service.port, BODY, CALLERS)
    poster.run(jobs=CALLERS * 4)
    begun, posted = list[int](), list[float]()
    while sum(posted) < seconds:
        service.clear()
        stretch = poster.run(jobs=RUNG)
        begun.append(len(stretch.ids))
        posted.append(stretch.seconds)
    notes.add(OURS, SENT, "/s", sum(begun) / sum(posted))
    notes.add(OURS, COALESCED, "/s", poster.run(seconds=seconds).rate)
    poster.close()
    service.clear()


# Run to the end -----------------------------------------------------------------------------------------------------


def _through(service: Inner, notes: Notes, count: int) -> None:
    """From the first submit to the last end; workers on a core of their own, all else on the other."""
    with service.bare_worker(SLOTS):
        rate = _rate(count, lambda: send(service.bare, tasks=count), lambda: _drained(service))
        notes.add(CELERY, THROUGH, "/s", rate)
    service.clear()
    with service.ground.server():
        worker = service.worker()
    poster = Poster(service.port, BODY, CALLERS)
    poster.run(jobs=CALLERS)
    wait_for(lambda: not service.live(), 60, what="the first jobs")
    notes.add(OURS, THROUGH, "/s", _rate(count, lambda: poster.run(jobs=count), lambda: not service.live()))
    poster.close()
    worker.stop()
    service.clear()


def _rate(count: int, send: Callable[[], object], over: Callable[[], bool]) -> float:
    began = time.perf_counter()
    send()
    wait_for(over, 300, what="the last of them")
    return count / (time.perf_counter() - began)


def _drained(service: Inner) -> bool:
    """A worker takes a task out of ``unacked`` once it has run."""
    return not (service.broker.llen("celery") or service.broker.hlen("unacked"))


# Told of ------------------------------------------------------------------------------------------------------------


def _told(service: Inner, notes: Notes, count: int) -> None:
    """The first event at the client, one job after the other; a worker waits for them on the core of the load."""
    worker = service.worker()
    posted = _request(service, "POST", "/v1/jobs", json.dumps(BODY), "text/event-stream")
    at_once, opened = list[float](), list[float]()
    for _ in range(count):
        began = time.perf_counter()
        _event(service, posted)
        at_once.append(time.perf_counter() - began)
        began = time.perf_counter()
        job_id = service.submit("nothing")["id"]
        _event(service, _request(service, "GET", f"/v1/jobs/{job_id}/events?after=0", "", "text/event-stream"))
        opened.append(time.perf_counter() - began)
    notes.add(OURS, AT_ONCE, "ms", median(at_once) * 1000)
    notes.add(OURS, OPENED, "ms", median(opened) * 1000)
    worker.stop()
    service.clear()


def _request(service: Inner, verb: str, path: str, body: str, accept: str) -> bytes:
    head = f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nAccept: {accept}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode()


def _event(service: Inner, request: bytes) -> None:
    """Returns once the first event is there."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as sock:
        sock.sendall(request)
        came = b""
        while b"\nevent: job." not in came:
            more = sock.recv(1 << 16)
            if not more:
                raise SystemExit(f"a stream ended before its first event: {came!r}")
            came += more

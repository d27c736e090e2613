"""S6: how fast jobs are taken in, got through and told of, beside Celery alone and Gradio's queue in the same run."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bench.field import queued
from bench.field.bare_celery import send
from bench.field.figures import OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field
from bench.field.inner import Inner, inner, move, percentile
from bench.field.poster import Poster
from jobs.lifecycle import RUNG
from tests.service import wait_for

TITLE = "Submit: jobs accepted, run to the end, and told of"
NAME = "S6"
CELERY, GRADIO = "bare Celery", "gradio"
SUBJECTS, QUICK = (GRADIO,), ()
#: The callers are enough for one web process never to wait for one; the slots are processes that run jobs, or tasks.
CALLERS, SLOTS = 16, 2
#: What is posted.
BODY = {"type": "nothing", "params": {}}
TELLING = {"type": "chunks", "params": {}}
SENT, COALESCED, THROUGH = "sent, or accepted and rung for", "accepted, not rung for", "run to the end"
SUBMIT_P50, SUBMIT_P99 = "a submit, one caller, p50", "a submit, one caller, p99"
AT_ONCE, OPENED = "first event, asked for by the submit", "first event, stream opened after it"
PROGRESS = "first progress, asked for by the submit"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    seconds, looks, jobs = (1.5, 100, 400) if quick else (4, 300, 2000)
    with inner(field, TAILRACE_CONCURRENCY=str(SLOTS)) as service:
        with field.server():
            web = service.web()
        for _ in range(rounds):
            worker = service.worker()
            _told(service, notes, looks // 4 if quick else looks)
            move(web.pid, field.generator_core)
            move(worker.pid, field.server_core)
            _through(service, notes, jobs)
            worker.stop()
            service.clear()
            move(web.pid, field.server_core)
            _accepted(service, notes, seconds, looks)
            with service.bare_worker(SLOTS):
                run = _rate(jobs, lambda: send(service.bare, tasks=jobs), lambda: _drained(service))
            notes.add(CELERY, THROUGH, "/s", run)
            for name in field.having(QUICK if quick else SUBJECTS):
                with field.started(name) as target:
                    _queued(notes, int(target.options["port"]), jobs // 4, looks)
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


def _accepted(service: Inner, notes: Notes, seconds: float, looks: int) -> None:
    """With nobody to run them, so that the queue grows: first while each job is rung for, then behind those."""
    with service.ground.server():
        sent = send(service.bare, seconds=seconds)
    notes.add(CELERY, SENT, "/s", sent.rate)
    _submit(notes, CELERY, sent.took)
    service.clear()
    _submit(notes, OURS, _answered(service, looks))
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


def _answered(service: Inner, looks: int) -> list[float]:
    """Seconds that each of so many submits takes by one caller, each job rung for."""
    poster, took = Poster(service.port, BODY, 1), list[float]()
    poster.run(jobs=RUNG // 4)
    while len(took) < looks:
        service.clear()
        took += poster.run(jobs=RUNG).took
    poster.close()
    service.clear()
    return took


def _submit(notes: Notes, subject: str, took: list[float]) -> None:
    notes.add(subject, SUBMIT_P50, "ms", percentile(took, 0.5) * 1000)
    notes.add(subject, SUBMIT_P99, "ms", percentile(took, 0.99) * 1000)


# Run to the end -----------------------------------------------------------------------------------------------------


def _through(service: Inner, notes: Notes, count: int) -> None:
    """From the first submit to the last end; workers on a core of their own, all else on the other."""
    poster = Poster(service.port, BODY, CALLERS)
    poster.run(jobs=CALLERS)
    wait_for(lambda: not service.live(), 60, what="the first jobs")
    notes.add(OURS, THROUGH, "/s", _rate(count, lambda: poster.run(jobs=count), lambda: not service.live()))
    poster.close()


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
    at_once, opened, progress = list[float](), list[float](), list[float]()
    for _ in range(count):
        at_once.append(_first(service, lambda: _submitted(BODY), "job."))
        opened.append(_first(service, lambda: _opened(service.submit("nothing")["id"]), "job."))
        progress.append(_first(service, lambda: _submitted(TELLING), "job.progress"))
    notes.add(OURS, AT_ONCE, "ms", median(at_once) * 1000)
    notes.add(OURS, OPENED, "ms", median(opened) * 1000)
    notes.add(OURS, PROGRESS, "ms", median(progress) * 1000)


def _submitted(body: dict[str, Any]) -> bytes:
    text = json.dumps(body)
    return _request("POST /v1/jobs", f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n", text)


def _opened(job_id: str) -> bytes:
    return _request(f"GET /v1/jobs/{job_id}/events?after=0")


def _request(line: str, header: str = "", body: str = "") -> bytes:
    return f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n{header}\r\n{body}".encode()


def _first(service: Inner, request: Callable[[], bytes], kind: str) -> float:
    """Seconds until the first event of this kind is there, what leads to the request included."""
    began = time.perf_counter()
    asked = request()
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as sock:
        sock.sendall(asked)
        came = b""
        while f"\nevent: {kind}".encode() not in came:
            more = sock.recv(1 << 16)
            if not more:
                raise SystemExit(f"a stream ended before its first event: {came!r}")
            came += more
    return time.perf_counter() - began


# Gradio -------------------------------------------------------------------------------------------------------------


def _queued(notes: Notes, port: int, count: int, looks: int) -> None:
    """One process that does all, on the server's core."""
    queued.told(port, count=5)
    notes.add(GRADIO, THROUGH, "/s", queued.rate(port, count=count, callers=CALLERS))
    told = queued.told(port, count=looks)
    _submit(notes, GRADIO, [each.joined for each in told])
    notes.add(GRADIO, PROGRESS, "ms", median(each.first for each in told) * 1000)

"""S9, the inner half: an append, a submit and a resume as logs grow long and kept jobs many."""

import socket
import time
from collections.abc import Callable, Iterator
from functools import partial

from bench.field.figures import OURS, Bar, Figure, Figures, Notes
from bench.field.ground import Field
from bench.field.inner import Inner, inner, percentile
from bench.field.poster import Poster
from bench.field.s6 import BODY
from jobs import decisions
from jobs import events as ev
from jobs.files import new_id
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from jobs.writer import Writer
from worker.guests import Mute

TITLE = "Growth: what an append, a submit and a resume cost as logs grow long and kept jobs many"
NAME = "S9"
SUBJECTS = ()
#: Log lengths, and jobs kept, at which it is looked at what something costs; where it is to be quick, at these.
LENGTHS = (100, 1_000, 10_000, 100_000, 1_000_000)
KEPT = (100, 1_000, 10_000, 100_000)
QUICK_LENGTHS, QUICK_KEPT = (100, 10_000, 100_000), (100, 1_000)
#: Events appended in one go on the way from one length to the next; and of the job that is resumed among many.
STRIDE, STORY = 500, 1_000
#: Events of a page that is read on coming back: as many as the shortest log has behind its middle.
PAGE = 40
#: Flat: the dearest place is so many times the cheapest at most, which is what this machine tells apart.
FLAT = 1.5
#: Logs that lose nothing, and jobs that nobody takes for lost while they are written to.
ENV = {
    "TAILRACE_LOG_MAX_EVENTS": str(2 * LENGTHS[-1]),
    "TAILRACE_LOG_MAX_BYTES": str(1 << 30),
    "TAILRACE_LEASE_SECONDS": "3600",
}
APPEND, APPEND_CPU = "an append", "an append, Redis's CPU"
RESUME_LONG, RESUME_MANY, SUBMIT = "a resume by length", "a resume by jobs", "a submit"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    """A round is another look at the same logs and jobs: to make them anew would take minutes."""
    notes = Notes(NAME)
    lengths, kept, looks = (QUICK_LENGTHS, QUICK_KEPT, 60) if quick else (LENGTHS, KEPT, 200)
    with inner(field, **ENV) as service:
        service.worker().stop()
        with field.server():
            service.web()
        parts = _parts(service)
        _long_logs(service, parts, notes, lengths, [looks] * rounds)
        _many_jobs(service, parts, notes, kept, [looks] * rounds)
    yield from notes.figures()


def bars(figures: Figures) -> Iterator[Bar]:
    for name, places in ((APPEND, LENGTHS), (RESUME_LONG, LENGTHS), (SUBMIT, KEPT), (RESUME_MANY, KEPT)):
        found = [figures.median(NAME, OURS, f"{name} at {place}") for place in places]
        costs = [cost for cost in found if cost is not None]
        value = max(costs) / min(costs) if costs else None
        most = max((place for place, cost in zip(places, found, strict=True) if cost is not None), default=places[-1])
        yield Bar(scenario=NAME, text=f"{name}: {places[0]} to {most}, dearest ÷ cheapest", value=value, limit=FLAT)


def _parts(service: Inner) -> Parts:
    given = {name: service.env[name] for name in ("REDIS_URL", "TAILRACE_DATA")}
    return assemble(Settings.from_env({**given, **ENV}), doorbell=Mute())


# Long logs ----------------------------------------------------------------------------------------------------------


def _long_logs(service: Inner, parts: Parts, notes: Notes, lengths: tuple[int, ...], rounds: list[int]) -> None:
    writer = _begun(parts)
    for length in lengths:
        while writer.job.seq < length:
            writer.write([_item(n) for n in range(min(STRIDE, length - writer.job.seq))])
        resume = _resume(service, writer, length // 2)
        for looks in rounds:
            before = service.redis_cpu()
            notes.add(OURS, f"{APPEND} at {length}", "ms", _milliseconds(looks, lambda: writer.write([_item(0)])))
            notes.add(OURS, f"{APPEND_CPU} at {length}", "µs", (service.redis_cpu() - before) / looks * 1e6)
            notes.add(OURS, f"{RESUME_LONG} at {length}", "ms", _milliseconds(looks, resume))


def _begun(parts: Parts) -> Writer:
    """Whoever writes the log of a job that runs, and that nobody else gets to see in a queue."""
    job = parts.lifecycle.submit(new_id(), _request("elsewhere"))
    job = parts.lifecycle.decide(job.id, partial(decisions.start, worker="the bench", steps=None))
    return Writer(parts.log, job.id, parts.clock, job=job, run=job.run)


def _item(n: int) -> ev.ItemFinished:
    return ev.ItemFinished(key=f"item {n}", state="succeeded")


def _request(queue: str = "default") -> ev.Request:
    return ev.Request(type="nothing", params={}, queue=queue)


def _resume(service: Inner, writer: Writer, seq: int) -> Callable[[], None]:
    """Comes back with the event *seq* as its cursor, on a connection of its own, and reads a page from there on."""
    path = f"/v1/jobs/{writer.job_id}/events?after={writer.job.epoch}-{seq}&limit={PAGE}"
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nConnection: close\r\n\r\n"

    def once() -> None:
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as sock:
            sock.sendall(request.encode())
            came = b"".join(iter(lambda: sock.recv(1 << 16), b""))
        if came.count(b'"type":"item"') != PAGE:
            raise SystemExit(f"a page has not all that follows its cursor: {came[:500]!r}")

    return once


def _milliseconds(looks: int, call: Callable[[], object]) -> float:
    """What a call takes in the better quarter of so many: the machine's bad moments only add to it."""
    took = []
    for _ in range(looks):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return percentile(took, 0.25) * 1000


# Many jobs ----------------------------------------------------------------------------------------------------------


def _many_jobs(service: Inner, parts: Parts, notes: Notes, places: tuple[int, ...], rounds: list[int]) -> None:
    """Each waits, which is the dearest that a kept job can do for others."""
    story = _begun(parts)
    story.write([_item(n) for n in range(STORY)])
    poster, resume = Poster(service.port, BODY, 1), _resume(service, story, STORY // 2)
    for place in places:
        while service.live() < place:
            parts.lifecycle.submit(new_id(), _request())
        for looks in rounds:
            notes.add(OURS, f"{SUBMIT} at {place}", "ms", percentile(poster.run(jobs=looks).took, 0.25) * 1000)
            notes.add(OURS, f"{RESUME_MANY} at {place}", "ms", _milliseconds(looks, resume))
    poster.close()

"""GET /v1/jobs/{id}/events: one URL, every transport, one cursor."""

import re
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from app.admission import Admission
from app.answers import negotiate
from app.problems import Problem
from app.relay.hub import Relay
from app.relay.lens import MAX_PATTERNS, Lens
from app.relay.presence import Sight
from app.relay.reader import END
from app.relay.replay import BEGINNING, LATEST, SNAPSHOT, gap
from app.relay.subscriber import Reading
from app.streams import AWAY, STREAM_HEADERS, Obstacle, StreamResponse, refusal
from app.waiting import Listen, wait_seconds, wait_until
from jobs.errors import InvalidCursor, LogUnavailable
from jobs.eventlog import Cursor, Page
from jobs.head import Head, decode_head
from jobs.wiring import Parts

JSON = "application/json"
MEDIA_TYPES = {"text/event-stream": "sse", "application/x-ndjson": "ndjson", JSON: "json"}
MAX_EVENTS = 1000
#: The longest that a client may have its calm events wait.
MAX_INTERVAL_MS = 60_000
_PATTERN = re.compile(r"[a-z][a-z_.]{0,39}\*?|\*")

After = Cursor | str | None
_raw = msgspec.json.Decoder(msgspec.Raw)


class Streams:
    """Opens streams for the verbs; the only part of the web tier that speaks to the relay."""

    def __init__(self, parts: Parts, relay: Relay, listen: Listen | None = None) -> None:
        self._parts, self._relay, self._listen = parts, relay, listen or relay.listen
        self._admission = Admission(relay, parts.settings)

    def open(self, job_id: str, *, after: str | None = None) -> Response:
        """The stream of *job_id* from *after* (an id, 0, latest or None), in the request's place."""
        with suppress(LogUnavailable):
            #: An open stream is seen within a second or two; a job just accepted may not have that long.
            Sight(self._parts.index).saw({job_id: 0.0})
        return self.carry(job_id, parse_after(after), Lens())

    def carry(self, job_id: str, after: After, lens: Lens) -> Response:
        obstacle = self.obstacle(job_id or None)
        if obstacle is not None:
            return refusal(lens, job_id, obstacle)
        reading = Reading(job_id=job_id, after=after, lens=lens, peer=request.remote_addr or "-", path=request.path)
        headers = {**STREAM_HEADERS, "Content-Type": lens.media_type}
        if lens.gzip:
            headers["Content-Encoding"] = "gzip"
        return StreamResponse(self._relay, reading, headers)

    def obstacle(self, job_id: str | None) -> Obstacle | None:
        """What stands in the way of a new stream, through no fault of the caller's."""
        if self._relay.draining:
            return Obstacle("drain", "stream.reconnect", {"reason": "drain"})
        why = self._admission.refused(job_id, request)
        if why is not None:
            return Obstacle("overloaded", "stream.overloaded", {"alternative": "long-poll", "reason": why})
        return None

    def at_end(self, job_id: str, after: After) -> bool:
        """Whether nothing can follow *after*; LogUnavailable, JobNotFound. Whoever asks has seen the job."""
        head = self._relay.reader.shared((job_id, "seen"), partial(self._seen, job_id))
        return head.state.terminal and after == Cursor(head.epoch, head.seq)

    def answer(self, job_id: str) -> Response:
        """What the request in hand gets: a stream, or a page of JSON."""
        transport = transport_of()
        text, lens = cursor_text(), lens_of(transport)
        if transport == "json":
            return self._page(job_id, text, lens)
        after = parse_after(text)
        try:
            over = self.at_end(job_id, after)
        except LogUnavailable:
            return refusal(lens, job_id, AWAY)
        return nothing_more() if over else self.carry(job_id, after, lens)

    def _seen(self, job_id: str) -> Head:
        """Where the job stands, which somebody watches: once for all who come back at one moment."""
        head = self._parts.lifecycle.head(job_id)
        Sight(self._parts.index).saw({job_id: head.unwatched_seconds})
        return head

    # JSON -----------------------------------------------------------------------------------------------------

    def _page(self, job_id: str, text: str | None, lens: Lens) -> Response:
        after = parse_after(text)
        if after is None:
            raise Problem("malformed_cursor", "The cursor is not an event's id, 0 or latest.")
        limit, wait = whole_number("limit", 100, 1, MAX_EVENTS), wait_seconds(request.args.get("wait"))
        page, sight = self._parts.log.read(job_id, _behind(after), limit), Sight(self._parts.index)
        sight.saw({job_id: decode_head(page.head).unwatched_seconds})
        events, at = self._first(job_id, after, page)
        if not events:
            page = self._ripe(job_id, at, page, sight, lens=lens, limit=limit, wait=wait)
            events = _wanted(page, lens)
            at = _end_of(page, at)
        head = decode_head(page.head)
        end = head.state.terminal and at == Cursor(head.epoch, head.seq)
        body = {"events": events, "cursor": str(at), "state": head.state.value, "end": end}
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        return Response(msgspec.json.encode(body), content_type=JSON, headers=headers)

    def _ripe(self, job_id: str, at: Cursor, page: Page, sight: Sight, *, lens: Lens, limit: int, wait: float) -> Page:
        """*page* if there is anything to tell; else the first later one that has it, or the last within *wait*."""
        until = monotonic() + wait
        while not (_wanted(page, lens) or decode_head(page.head).state.terminal or self._relay.draining):
            at, left = _end_of(page, at), until - monotonic()
            if left <= 0:
                break
            bell, stop = partial(self._listen, job_id), lambda: self._relay.draining
            wait_until(partial(self._moved, job_id, at, sight), left, bell, stop)
            later = self._parts.log.read(job_id, at.seq, limit)
            if not later.entries or later.last.epoch != at.epoch:
                break
            page = later
        return page

    def _moved(self, job_id: str, at: Cursor, sight: Sight) -> bool:
        head = self._parts.lifecycle.head(job_id)
        sight.saw({job_id: head.unwatched_seconds})
        return Cursor(head.epoch, head.seq) != at

    def _first(self, job_id: str, after: After, page: Page) -> tuple[list[Any], Cursor]:
        """What a page of JSON begins with (a gap, a snapshot), and the cursor behind it."""
        if after == LATEST:
            return [], page.last
        if after == SNAPSHOT:
            return self._snapshot(job_id)
        at = after if isinstance(after, Cursor) else Cursor(page.last.epoch, 0)
        missing = gap(at, page)
        if missing is None:
            return [], at
        events, cursor = self._snapshot(job_id)
        return [{"id": None, "type": "stream.gap", "job": job_id, "data": missing.data}, *events], cursor

    def _snapshot(self, job_id: str) -> tuple[list[Any], Cursor]:
        cursor, job = self._relay.reader.snapshot(job_id)
        event = {"id": str(cursor), "type": "stream.snapshot", "job": job_id, "data": {"job": job}}
        return [event], cursor


def blueprint(streams: Streams) -> Blueprint:
    events = Blueprint("events", __name__)

    @events.get("/v1/jobs/<job_id>/events")
    def read(job_id: str) -> Response:
        return streams.answer(job_id)

    return events


def nothing_more() -> Response:
    """What stops an EventSource that would come back again and again to a log that has ended."""
    answer = Response(status=HTTPStatus.NO_CONTENT, headers={"Vary": "Accept"})
    del answer.headers["Content-Type"]
    return answer


def parse_after(text: str | None) -> After:
    """The cursor that a client named; None for one that no log could have given out."""
    if text is None or text == "":
        return SNAPSHOT
    if text in {BEGINNING, LATEST}:
        return text
    try:
        return Cursor.parse(text)
    except InvalidCursor:
        return None


def _end_of(page: Page, at: Cursor) -> Cursor:
    """The cursor behind *page*: of the log's own epoch, also where its last event is of an earlier one."""
    return Cursor(page.last.epoch, page.entries[-1].cursor.seq) if page.entries else at


def _wanted(page: Page, lens: Lens) -> list[Any]:
    return [_raw.decode(entry.envelope) for entry in page.entries if lens.wants(entry.type)]


def _behind(after: After) -> int:
    """The seq after which a page of JSON is read."""
    if isinstance(after, Cursor):
        return after.seq
    return 0 if after == BEGINNING else END


def whole_number(name: str, default: int, low: int, high: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not low <= int(text) <= high:
        raise Problem("malformed_query", f"{name} must be a number from {low} to {high}.")
    return int(text)


def transport_of() -> str:
    """The transport that the request in hand asks for."""
    return MEDIA_TYPES[negotiate(*MEDIA_TYPES)]


def cursor_text() -> str | None:
    """The cursor as the request in hand names it."""
    return request.headers.get("Last-Event-ID") or request.args.get("after")


def lens_of(transport: str, *, deflate: bool = False) -> Lens:
    """How the request in hand wants its events."""
    return Lens(
        transport=transport,
        deflate=deflate,
        named=request.args.get("names") != "0",
        types=_types(),
        min_interval_ms=whole_number("min_interval", 0, 0, MAX_INTERVAL_MS),
        gzip=transport in {"sse", "ndjson"} and _compressed(),
    )


def _compressed() -> bool:
    """Only where it is asked for by name: browsers accept gzip everywhere, and it costs memory for each stream."""
    wished = request.args.get("compress")
    if wished not in {None, "gzip"}:
        raise Problem("malformed_query", "compress can be gzip.")
    return wished == "gzip" and request.accept_encodings.quality("gzip") > 0


def _types() -> tuple[str, ...]:
    names = tuple(sorted({name.strip() for name in request.args.get("types", "").split(",") if name.strip()}))
    if len(names) > MAX_PATTERNS or not all(_PATTERN.fullmatch(name) for name in names):
        raise Problem("malformed_query", "types takes event types or prefixes such as step.*")
    return names

"""A page of a job's events as JSON: what there is behind a cursor, or what comes within a wait."""

from functools import partial
from time import monotonic
from typing import Any

import msgspec
from flask import Response, request

from app.problems import Problem
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.presence import Sight
from app.relay.reader import END
from app.relay.replay import BEGINNING, LATEST, SNAPSHOT, gap
from app.waiting import Listen, wait_seconds, wait_until
from app.wants import JSON, MAX_EVENTS, After, parse_after, whole_number
from jobs.eventlog import Cursor, Page
from jobs.head import decode_head
from jobs.wiring import Parts

_raw = msgspec.json.Decoder(msgspec.Raw)


class Pages:
    """Reads pages; *listen* gives the bell by which a wait is ended."""

    def __init__(self, parts: Parts, relay: Relay, listen: Listen) -> None:
        self._parts, self._relay, self._listen = parts, relay, listen

    def answer(self, job_id: str, text: str | None, lens: Lens) -> Response:
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

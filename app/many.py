"""GET /v1/events: many jobs over one connection, with one cursor for them all."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from app.events import Streams, nothing_more
from app.listing import filter_of
from app.problems import Problem
from app.relay.choice import MANY, Choice
from app.relay.hub import Relay
from app.relay.lens import Lens, resumable, told
from app.relay.presence import Sight
from app.relay.replay import LATEST, SNAPSHOT, gap
from app.streams import AWAY, refusal
from app.waiting import Listen, wait_seconds, wait_until
from app.wants import JSON, MAX_EVENTS, cursor_text, lens_of, parse_after, transport_of, whole_number
from jobs.errors import JobNotFound, LogUnavailable
from jobs.eventlog import Cursor
from jobs.feed import FeedPage
from jobs.files import is_id
from jobs.wiring import Parts

#: Jobs that one request may name.
MAX_JOBS = 100
#: Events of all jobs that one page of JSON looks through for those that it is asked for.
MAX_LOOKED = 10_000
_COMMA = re.compile(r"\s*,\s*")


class Many:
    """Answers with the events of many jobs; *streams* opens the streams, as for one job."""

    def __init__(self, parts: Parts, relay: Relay, streams: Streams, listen: Listen) -> None:
        self._parts, self._relay, self._streams, self._listen = parts, relay, streams, listen
        self._reader, self._feed = relay.reader, parts.log.feed

    def __call__(self) -> Response:
        transport, choice = transport_of(), choice_of(request.args)
        lens = replace(lens_of(transport), choice=choice)
        text = cursor_text()
        if transport == "json":
            return self._page(choice, text, lens)
        after = parse_after(text)
        try:
            over = self.at_end(choice, after)
        except LogUnavailable:
            return refusal(lens, MANY, AWAY)
        return nothing_more() if over else self._streams.carry(MANY, after, lens)

    def at_end(self, choice: Choice, after: Cursor | str | None) -> bool:
        """Whether nothing can follow *after*; LogUnavailable, JobNotFound. The jobs named are seen by it."""
        self._saw(choice, known=True)
        return isinstance(after, Cursor) and self._over(choice, after)

    def _saw(self, choice: Choice, *, known: bool = False) -> None:
        """The jobs that are named are watched; with *known*, JobNotFound where there is none of them."""
        heads = self._parts.lifecycle.heads(sorted(choice.jobs))
        if known and choice.jobs and not heads:
            raise JobNotFound(job_id=min(choice.jobs))
        Sight(self._parts.index).saw({head.id: head.unwatched_seconds for head in heads})

    def _over(self, choice: Choice, at: Cursor) -> bool:
        """Whether all jobs that are named have ended, and *at* stands behind all of it."""
        if not choice.jobs:
            return False
        ends = self._reader.ends(sorted(choice.jobs))
        told_all = all(end is not None and end <= at.seq for end in ends)
        return told_all and self._reader.mark()[0].epoch == at.epoch

    # JSON -----------------------------------------------------------------------------------------------------

    def _page(self, choice: Choice, text: str | None, lens: Lens) -> Response:
        after = parse_after(text)
        if after is None:
            raise Problem("malformed_cursor", "The cursor is not an event's cursor, 0 or latest.")
        limit, wait = whole_number("limit", 100, 1, MAX_EVENTS), wait_seconds(request.args.get("wait"))
        self._saw(choice, known=True)
        events, at = self._first(choice, after, lens)
        if not events and after != LATEST:
            events, at = self._ripe(choice, at, lens, limit=limit, until=monotonic() + wait)
        body = {"events": events, "cursor": str(at), "end": self._over(choice, at)}
        return Response(
            msgspec.json.encode(body), content_type=JSON, headers={"Cache-Control": "no-store", "Vary": "Accept"}
        )

    def _first(self, choice: Choice, after: Cursor | str, lens: Lens) -> tuple[list[Any], Cursor]:
        """What a page begins with (a gap, the jobs as they are), and the cursor behind it."""
        if after == SNAPSHOT:
            return self._opened(choice, lens)
        page = self._feed.read(after.seq if isinstance(after, Cursor) else 0, 1)
        if after == LATEST:
            return [], page.last
        at = after if isinstance(after, Cursor) else Cursor(page.last.epoch, 0)
        missing = gap(at, page)
        return ([], at) if missing is None else self._opened(choice, lens, told("stream.gap", MANY, missing.data))

    def _opened(self, choice: Choice, lens: Lens, *first: Any) -> tuple[list[Any], Cursor]:
        """The jobs as they are, then what the feed has told since and they do not hold."""
        opening = self._reader.opening(choice)
        cards = [self._reader.card(each, opening.since) for each in opening.left]
        events = [*first, *(told("stream.snapshot", card.id, opening.learn(card)) for card in cards if card)]
        at, until = opening.at, self._reader.beyond(opening)
        while at.seq < until.seq and at.epoch == until.epoch:
            page = self._feed.read(at.seq)
            events += [msgspec.Raw(entry.envelope) for entry in opening.news(lens.choose(page.entries))]
            at = page.upto
        return events, at

    def _ripe(
        self, choice: Choice, at: Cursor, lens: Lens, *, limit: int, until: float
    ) -> tuple[list[msgspec.Raw], Cursor]:
        """The events after *at*, as soon as there are any; none where there are none in time."""
        while True:
            events, at, last = self._look(at, lens, limit)
            left = until - monotonic()
            if events or left <= 0 or self._relay.draining or at != last or self._over(choice, at):
                return events, at
            wait_until(self._moved(choice, at), left, partial(self._listen, MANY), lambda: self._relay.draining)

    def _look(self, at: Cursor, lens: Lens, limit: int) -> tuple[list[msgspec.Raw], Cursor, Cursor]:
        """Up to *limit* wanted events after *at*, how far that goes, and where the feed ends."""
        looked = 0
        while True:
            page = self._feed.read(at.seq, min(limit, MAX_EVENTS))
            if gap(at, page) is not None:
                #: What comes next is a gap, and the next request is told of it.
                return [], at, page.last
            looked += page.upto.seq - at.seq
            events, at = _wanted(page, lens), page.upto
            if events or at == page.last or looked >= MAX_LOOKED:
                return events, at, page.last

    def _moved(self, choice: Choice, at: Cursor) -> Callable[[], bool]:
        def moved() -> bool:
            with suppress(JobNotFound):
                self._saw(choice)
            #: What was known a moment ago would not tell why the bell has rung.
            return self._reader.mark(since=monotonic())[0] != at

        return moved


def _wanted(page: FeedPage, lens: Lens) -> list[msgspec.Raw]:
    return [msgspec.Raw(resumable(entry)) for entry in lens.choose(page.entries)]


def choice_of(query: MultiDict[str, str]) -> Choice:
    """Which jobs the request in hand wants: all, unless it says."""
    wanted = filter_of(query)
    names = [name for text in query.getlist("jobs") for name in _COMMA.split(text.strip())]
    if "jobs" in query and not (0 < len(set(names)) <= MAX_JOBS and all(is_id(name) for name in names)):
        raise Problem("malformed_query", f"jobs takes 1 to {MAX_JOBS} job ids, with commas between them.")
    return Choice(jobs=frozenset(names), types=wanted.types, labels=wanted.labels)


def blueprint(many: Many) -> Blueprint:
    events = Blueprint("many", __name__)
    events.add_url_rule("/v1/events", "read", many, methods=["GET"])
    return events

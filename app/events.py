"""GET /v1/jobs/{id}/events: one URL, every transport, one cursor."""

import sys
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response

from app.admission import Admission
from app.answers import in_hand
from app.log_page import Pages
from app.relay.arrival import look
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.presence import Sight
from app.relay.subscriber import Reading
from app.streams import AWAY, Obstacle, StreamResponse, refusal
from app.waiting import Listen
from app.wants import After, cursor_text, lens_of, parse_after, transport_of
from jobs.errors import LogUnavailable
from jobs.eventlog import Cursor, Page
from jobs.head import Head
from jobs.wiring import Parts


class Streams:
    """Opens streams for the verbs, and hands over to pages where JSON is asked for."""

    def __init__(self, parts: Parts, relay: Relay, listen: Listen | None = None) -> None:
        self._parts, self._relay = parts, relay
        self._pages = Pages(parts, relay, listen or relay.listen)
        self._admission = Admission(relay, parts.settings)

    def open(self, job_id: str, *, after: str | None = None) -> Response:
        """The stream of *job_id* from *after* (an id, 0, latest or None), in the request's place."""
        with suppress(LogUnavailable):
            #: An open stream is seen within a second or two; a job just accepted may not have that long.
            Sight(self._parts.index).saw({job_id: 0.0})
        return self.carry(job_id, parse_after(after), Lens())

    def carry(self, job_id: str, after: After, lens: Lens, page: Page | None = None) -> Response:
        """*page*: where the log stands, where somebody has just looked."""
        obstacle = self.obstacle(job_id or None)
        if obstacle is not None:
            return refusal(lens, job_id, obstacle)
        asked = in_hand()
        #: One text for all of a client, and of a route: each stream keeps them.
        peer, path = sys.intern(asked.remote_addr or "-"), str(asked.url_rule or "-")
        reading = Reading(job_id=job_id, after=after, lens=lens, peer=peer, path=path)
        return StreamResponse(self._relay, reading, page)

    def obstacle(self, job_id: str | None) -> Obstacle | None:
        """What stands in the way of a new stream, through no fault of the caller's."""
        if self._relay.draining:
            return Obstacle("drain", "stream.reconnect", {"reason": "drain"})
        why = self._admission.refused(job_id, in_hand())
        if why is not None:
            return Obstacle("overloaded", "stream.overloaded", {"alternative": "long-poll", "reason": why})
        return None

    def at_end(self, job_id: str, after: After) -> bool:
        """Whether nothing can follow *after*; LogUnavailable, JobNotFound. Whoever asks has seen the job."""
        return self._ends(self._relay.reader.head(job_id), after)

    def _ends(self, head: Head, after: After) -> bool:
        job_id = head.id
        if head.unwatched_seconds is not None:
            self._relay.reader.shared((job_id, "seen"), partial(self._see, job_id, head.unwatched_seconds))
        return head.state.terminal and after == Cursor(head.epoch, head.seq)

    def answer(self, job_id: str) -> Response:
        """What the request in hand gets: a stream, or a page of JSON."""
        transport = transport_of()
        text, lens = cursor_text(), lens_of(transport)
        if transport == "json":
            return self._pages.answer(job_id, text, lens)
        after = parse_after(text)
        try:
            found = look(self._relay, job_id, after)
            over = self.at_end(job_id, after) if found is None else self._ends(found.head, after)
        except LogUnavailable:
            return refusal(lens, job_id, AWAY)
        return nothing_more() if over else self.carry(job_id, after, lens, found and found.page)

    def _see(self, job_id: str, seconds: float) -> None:
        """Somebody watches the job, which may go unwatched for *seconds*: once for all who come at one moment."""
        Sight(self._parts.index).saw({job_id: seconds})


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

"""POST /v1/jobs: from a body to an accepted job."""

from collections.abc import Callable
from typing import Any

from flask import Response

from app import idempotency
from app.accept import accept
from app.answers import JSON, answer, in_hand, negotiate
from app.bodies import read_object
from app.idempotency import Idempotency, Promise
from app.view import View
from app.wish import Wish, check_members, check_params, wish_of
from jobs.errors import JobNotFound
from jobs.files import new_id
from jobs.lifecycle import Settled
from jobs.model import Job
from jobs.wiring import Parts

EVENT_STREAM = "text/event-stream"


class Submit:
    """*open_stream* begins the stream of a job, for callers that accept nothing else."""

    def __init__(self, parts: Parts, view: View, open_stream: Callable[..., Response]) -> None:
        self._parts, self._view, self._open_stream = parts, view, open_stream
        self._promises = Idempotency(parts.client)

    def __call__(self) -> Response:
        asked, offer = in_hand(), negotiate(JSON, EVENT_STREAM)
        key = idempotency.check_key(asked.environ.get("HTTP_IDEMPOTENCY_KEY"))
        body = read_object(asked, self._parts.settings.max_body_bytes)
        made, replayed = (self._make(new_id(), body), False) if key is None else self._once(key, body)
        job = made.job
        response = self._stream(job) if offer == EVENT_STREAM else answer(self._view.job(job, made.position), 202)
        response.headers["Location"] = self._view.path(job.id)
        if replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    def _stream(self, job: Job) -> Response:
        response = self._open_stream(job.id, after="0")
        response.status_code = 200
        return response

    def _once(self, key: str, body: dict[str, Any]) -> tuple[Settled, bool]:
        """The job of *key*, and whether an earlier call has made it.

        The key is bound to an id before the job is made, so a crash between the two leaves nothing that the next
        call with the key would not finish.
        """
        place = idempotency.place(self._view.auth.principal(), key)
        mark = idempotency.fingerprint(body)
        promise = self._promises.recall(place, mark)
        job = self._made(promise)
        if promise is None or job is None:
            wish = self._wish(body)
            promise = promise or self._promises.promise(place, mark, new_id())
            made = self._accept(promise.job_id, wish)
        self._promises.keep(place, promise)
        return (made, False) if job is None else (Settled(job), True)

    def _made(self, promise: Promise | None) -> Job | None:
        """The job that was promised; 404 where it has been made and is gone again."""
        if promise is None:
            return None
        try:
            return self._parts.lifecycle.load(promise.job_id)
        except JobNotFound:
            if promise.stored:
                raise
            return None

    def _make(self, job_id: str, body: dict[str, Any]) -> Settled:
        return self._accept(job_id, self._wish(body))

    def _accept(self, job_id: str, wish: Wish) -> Settled:
        return accept(self._parts, job_id, wish.request, delay_seconds=wish.delay_seconds)

    def _wish(self, body: dict[str, Any]) -> Wish:
        check_members(body)
        entry = self._view.known.get(body["type"], pointer="/type")
        params = body.get("params", {})
        files = check_params(entry, params, self._parts.files)
        return wish_of(body, entry, files, self._parts.clock)

"""GET /v1/jobs/{id}: the job as it is, or as it ends."""

from collections.abc import Callable
from functools import partial

from flask import Response, request

from app.answers import JSON, answer, negotiate
from app.relay.presence import Sight
from app.view import View, etag
from app.waiting import Listen, wait_seconds, wait_until
from jobs.lifecycle import Lifecycle


class Show:
    """*draining* ends every wait: the process is about to go; *listen* says when it is time for another look."""

    def __init__(self, lifecycle: Lifecycle, view: View, draining: Callable[[], bool], listen: Listen) -> None:
        self._life, self._view, self._draining, self._listen = lifecycle, view, draining, listen

    def __call__(self, job_id: str) -> Response:
        negotiate(JSON)
        seconds = wait_seconds(request.args.get("wait"))
        sight = Sight(self._life.index)

        def ended() -> bool:
            head = self._life.head(job_id)
            sight.saw({job_id: head.unwatched_seconds})
            return head.state.terminal

        wait_until(ended, seconds, partial(self._listen, job_id), self._draining)
        job = self._life.load(job_id)
        sight.saw({job_id: job.request.cancel_when_unwatched_seconds})
        view = self._view.job(job)
        response = answer(view, headers={"Cache-Control": "private, no-cache"})
        response.set_etag(etag(view), weak=True)
        if request.if_none_match.contains_weak(etag(view)):
            response.status_code = 304
            response.set_data(b"")
        return response

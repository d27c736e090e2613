"""GET /v1/jobs/{id}: the job as it is, or as it ends."""

import re
import time
from collections.abc import Callable

from flask import Response, request

from app.answers import JSON, answer, negotiate
from app.problems import Problem
from app.view import View, etag
from jobs.lifecycle import Lifecycle

MAX_WAIT_SECONDS = 60
_SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?", re.ASCII)
#: The pause between two looks at the head of a job that somebody waits for, in seconds: first and longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.25


class Show:
    """*draining* ends every wait: the process is about to go."""

    def __init__(self, lifecycle: Lifecycle, view: View, draining: Callable[[], bool]) -> None:
        self._life, self._view, self._draining = lifecycle, view, draining

    def __call__(self, job_id: str) -> Response:
        negotiate(JSON)
        seconds = wait_seconds(request.args.get("wait"))
        if seconds:
            until_terminal(self._life, job_id, seconds, self._draining)
        view = self._view.job(self._life.load(job_id))
        response = answer(view, headers={"Cache-Control": "private, no-cache"})
        response.set_etag(etag(view), weak=True)
        if request.if_none_match.contains_weak(etag(view)):
            response.status_code = 304
            response.set_data(b"")
        return response


def wait_seconds(text: str | None) -> float:
    """What ``?wait=`` asks for; 400 where that is not 0 to 60."""
    if text is None:
        return 0.0
    if _SECONDS.fullmatch(text) is None or float(text) > MAX_WAIT_SECONDS:
        raise Problem("malformed_query", f"wait must be a number of seconds from 0 to {MAX_WAIT_SECONDS}.")
    return float(text)


def until_terminal(life: Lifecycle, job_id: str, seconds: float, stop: Callable[[], bool]) -> None:
    """Returns as soon as the job has ended, or after *seconds*."""
    end, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while not life.head(job_id).state.terminal and not stop():
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)

"""``?wait=``: an answer held back until what the caller waits for has come."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from app.problems import Problem

MAX_WAIT_SECONDS = 60
#: Calls that may wait at a time: so many of the ``worker_connections`` in gunicorn.conf.py; the rest is for all others.
MOST_WAITING = 600
_SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?", re.ASCII)
#: Seconds between two looks by the clock, and between two where a bell says when to look.
_PAUSE, _LOOK = 0.1, 10.0


def wait_seconds(text: str | None) -> float:
    """What ``?wait=`` asks for; 400 where that is not 0 to 60."""
    if text is None:
        return 0.0
    if _SECONDS.fullmatch(text) is None or float(text) > MAX_WAIT_SECONDS:
        raise Problem("malformed_query", f"wait must be a number of seconds from 0 to {MAX_WAIT_SECONDS}.")
    return float(text)


class Bell(Protocol):
    """Rings when something may have happened; it may ring for nothing, and hardly ever it fails to ring."""

    def wait(self, timeout: float) -> object: ...

    def clear(self) -> object: ...


#: Gives the bell of a job, for as long as its context stands.
Listen = Callable[[str], AbstractContextManager[Bell]]


class Seats:
    """Lets so many calls wait at a time; each holds a connection, and without an end to that none would be left."""

    def __init__(self, listen: Listen, most: int = MOST_WAITING) -> None:
        self._listen, self._most, self._taken = listen, most, 0

    @contextmanager
    def __call__(self, job_id: str) -> Iterator[Bell]:
        """The bell of a job; Problem where as many wait already as may."""
        if self._taken >= self._most:
            raise Problem("overloaded", "As many calls wait already as may; come back later, or ask without wait.")
        self._taken += 1
        try:
            with self._listen(job_id) as bell:
                yield bell
        finally:
            self._taken -= 1


class Ticking:
    """A bell that rings by the clock: where there is no relay to tell when something happens."""

    def wait(self, timeout: float) -> None:
        time.sleep(min(timeout, _PAUSE))

    def clear(self) -> None:
        pass


def ticking(_job_id: str) -> AbstractContextManager[Bell]:
    return nullcontext(Ticking())


def wait_until(
    come: Callable[[], bool], seconds: float, bell: Callable[[], AbstractContextManager[Bell]], stop: Callable[[], bool]
) -> None:
    """Returns as soon as it has *come*, after *seconds*, or when the process is to *stop*."""
    end = time.monotonic() + seconds
    if not seconds or come() or stop():
        return
    with bell() as ringing:
        while not come() and not stop():
            left = end - time.monotonic()
            if left <= 0:
                return
            ringing.wait(min(left, _LOOK))
            ringing.clear()

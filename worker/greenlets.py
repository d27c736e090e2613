"""The interrupting rung for a job that is one of many greenlets: an exception thrown into it, out of sleeps and reads.

Code that waits for nothing lets nobody else run, those who would interrupt it included.
"""

import threading
from collections.abc import Callable
from typing import Any, Self

import gevent
from gevent import monkey

from worker.interrupt import AGAIN_SECONDS, open_to_it


def patched() -> bool:
    """Whether this process waits the way of greenlets, from its first line on."""
    return bool(monkey.is_module_patched("threading"))


def later(seconds: float, call: Callable[[], None]) -> None:
    """Calls *call* then; a thread could not be begun where a signal comes, for that waits a moment."""
    gevent.spawn_later(seconds, call)


class ByThrowing:
    """For a job in a greenlet; to be made in it."""

    def __init__(self) -> None:
        self._greenlet: Any = gevent.getcurrent()
        self._hub: Any = gevent.get_hub()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def interrupt(self, error: BaseException, wait: Callable[[], bool], tell: Callable[[], None]) -> None:
        told = False
        while not self._over.is_set():
            if told:
                self._hub.loop.run_callback(self._throw, error, wait)
            elif not wait() and self._open():
                tell()
                told = True
            self._over.wait(AGAIN_SECONDS)

    def _throw(self, error: BaseException, wait: Callable[[], bool]) -> None:
        """Called by the hub, while every greenlet stands still: what is seen here holds."""
        if not self._over.is_set() and not wait() and self._open():
            self._over.set()
            self._greenlet.throw(error)

    def _open(self) -> bool:
        return open_to_it(self._greenlet.gr_frame)

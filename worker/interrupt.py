"""The interrupting rung: one exception raised into a job that does not look up, out of sleeps, reads and waits too.

It is raised where the author's code runs and nowhere else: not before the function began or after it returned
(:func:`entrance`), not inside what must happen as a whole (:func:`whole`), not while the job is shielded. Until such a
moment comes it is tried again and again.
"""

import signal
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Protocol, Self, TypeVar

#: Celery's soft time limit, which we never set but a project may, is the only other use of it in a worker's child.
SIGNAL = signal.SIGUSR1
#: Between two tries of whichever interrupter.
AGAIN_SECONDS = 0.01

F = TypeVar("F", bound=Callable[..., Any])

_whole: set[CodeType] = set()
_entrances: set[CodeType] = set()


def whole(function: F) -> F:
    """Marks a function that is not to be interrupted: an event counted but not emitted would be a hole."""
    _whole.add(function.__code__)
    return function


def entrance(function: F) -> F:
    """Marks the function that calls the author's: only what it calls may be interrupted."""
    _entrances.add(function.__code__)
    return function


def open_to_it(frame: FrameType | None) -> bool:
    """Whether the code at *frame* may be interrupted now."""
    while frame is not None:
        if frame.f_code in _whole:
            return False
        if frame.f_code in _entrances:
            return True
        frame = frame.f_back
    return False


class Interrupter(Protocol):
    """Raises into the thread that entered it, until it is left."""

    def __enter__(self) -> "Interrupter": ...  # noqa: PYI034 - either of two classes

    def __exit__(self, *_: object) -> None: ...

    def interrupt(self, error: BaseException, wait: Callable[[], bool], tell: Callable[[], None]) -> None:
        """Raises *error* there as soon as that may be and *wait* says no more; *tell* is called just before."""
        ...


class BySignal:
    """For a job in its process's main thread: a signal, unlike other ways, also ends sleeps, reads and waits."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._over = threading.Event()
        #: Held while a signal is sent: none may arrive after the job's end, when another listens to it.
        self._sending = threading.Lock()
        self._due: tuple[BaseException, Callable[[], bool], Callable[[], None]] | None = None
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = signal.signal(SIGNAL, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        with self._sending:
            self._over.set()
        signal.signal(SIGNAL, self._before)

    def interrupt(self, error: BaseException, wait: Callable[[], bool], tell: Callable[[], None]) -> None:
        self._due = (error, wait, tell)
        while self._send():
            self._over.wait(AGAIN_SECONDS)

    def _send(self) -> bool:
        with self._sending:
            if self._over.is_set():
                return False
            signal.pthread_kill(self._thread, SIGNAL)
            return True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._over.is_set():
            return
        if self._due is None:
            #: Not ours: the soft time limit of a project's own task.
            if callable(self._before):
                self._before(number, frame)
            return
        error, wait, tell = self._due
        if wait() or not open_to_it(frame):
            return
        self._due = None
        self._over.set()
        tell()
        raise error


class Never:
    """Where nothing can be raised from outside: only cancel points end such a job."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def interrupt(self, error: BaseException, wait: Callable[[], bool], tell: Callable[[], None]) -> None:
        """Does nothing."""


def here() -> Interrupter:
    """What can interrupt the thread that asks."""
    return BySignal() if threading.current_thread() is threading.main_thread() else Never()

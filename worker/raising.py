"""The interrupting rung for a job that shares its process: an exception set into the thread that runs it.

It ends Python code at its next bytecode. A sleep, a read or C code goes on until it returns by itself: a signal, which
would end those as well, comes to one thread of a process only, and that is not the job's.
"""

import ctypes
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from worker.interrupt import AGAIN_SECONDS, open_to_it
from worker.outcomes import Cancelled


class BySetting:
    """For a job in one of several threads; to be made in that thread."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._over = threading.Event()
        #: Held while the exception is set: none may come after the job's end, when the thread runs another.
        self._setting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._setting:
            self._over.set()
            _set(self._thread, None)

    def interrupt(self, error: BaseException, wait: Callable[[], bool], tell: Callable[[], None]) -> None:
        kind, told = _of_no_arguments(error), False
        while not self._over.is_set():
            if not wait() and open_to_it(self._frame()):
                if told and self._try(kind):
                    return
                if not told:
                    tell()
                told = True
            self._over.wait(AGAIN_SECONDS)

    def _try(self, kind: "type[_Raised]") -> bool:
        """True where nothing is left to do.

        Whoever holds the interpreter's lock anew keeps it for some milliseconds, so nothing runs between the look and
        the deed. On a machine that does not even give us that, the second look tells, and what is set is taken back.
        """
        with self._setting:
            if self._over.is_set():
                return True
            frame = self._frame()
            if frame is None or not open_to_it(frame):
                return False
            place = frame.f_lasti
            _set(self._thread, kind)
            if (self._frame() is frame and frame.f_lasti == place) or kind.raised:
                return True
            _set(self._thread, None)
            return kind.raised

    def _frame(self) -> FrameType | None:
        return sys._current_frames().get(self._thread)  # noqa: SLF001 - the documented way to see another thread


class _Raised:
    """What is set is a class: an instance of it is made where it is raised."""

    raised = False


def _of_no_arguments(error: BaseException) -> type[_Raised]:
    """A class whose instances are like *error*, made without arguments."""
    given: type[Any] = type(error)
    interrupted = isinstance(error, Cancelled) and error.interrupted

    class Raised(given, _Raised):  # type: ignore[misc] # of the verdict's own class, whichever that is
        def __init__(self) -> None:
            type(self).raised = True
            super().__init__(interrupted=interrupted)

    Raised.__name__ = Raised.__qualname__ = given.__name__
    return Raised


def _set(thread: int, kind: type[_Raised] | None) -> None:
    """None takes back what was set and is not raised yet."""
    what = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)

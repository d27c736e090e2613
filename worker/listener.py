"""One job's output, as its log events.

Only what runs in the job's own context is heard (a ContextVar): jobs that share a process do not mix, and a thread that
inherits no context goes on to write where it wrote before.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from worker import plain
from worker.context import Context
from worker.facts import Level
from worker.interrupt import whole

#: Of a longer line the rest is dropped: who prints without an end must not fill the memory.
LINE_CHARACTERS = plain.TEXT + 1


class Lines:
    """Cuts what is written into lines; *tell* gets each that is not blank."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> None:
        with self._lock:
            *lines, rest = (self._rest + text).split("\n")
            self._rest = _latest(rest)[:LINE_CHARACTERS]
        for line in lines:
            self._told(line)

    def close(self) -> None:
        """The last line may have no end."""
        with self._lock:
            rest, self._rest = self._rest, ""
        self._told(rest)

    def _told(self, line: str) -> None:
        shown = _latest(line.rstrip())[:LINE_CHARACTERS]
        if shown.strip():
            self._tell(shown)


def _latest(line: str) -> str:
    """What a terminal would show of a line that was written over; a CR at the end may be the half of a CRLF."""
    return line[:-1].rpartition("\r")[2] + line[-1:]


class Listener:
    """Turns one job's output into log events; never raises, and while it speaks it hears nothing."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._closed, self._pid = ctx, False, os.getpid()
        self._lines = {
            #: What is printed on standard error is for somebody's attention, or it would stand on standard output.
            "stdout": Lines(lambda line: ctx.log(line, level="info")),
            "stderr": Lines(lambda line: ctx.log(line, level="warning")),
        }

    @property
    def heeds(self) -> bool:
        """Not after the end, nor in a process forked from the job's, where nobody publishes what is told."""
        return not self._closed and os.getpid() == self._pid

    @whole
    def written(self, name: str, text: str) -> None:
        with deaf(), suppress(Exception):
            self._lines[name].write(text)

    @whole
    def logged(self, record: logging.LogRecord) -> None:
        with deaf(), suppress(Exception):
            error = record.exc_info[0] if record.exc_info else None
            named = {} if error is None else {"error": error.__name__}
            self._ctx.log(_text(record), level=_level(record.levelno), logger=record.name, **named)

    def close(self) -> None:
        self._closed = True
        with suppress(Exception):
            for lines in self._lines.values():
                lines.close()


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit are the author's slip, the line is worth having still
        return str(record.msg)


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def deaf() -> Iterator[None]:
    """What is said in here is not heard: telling must not tell of itself."""
    token = _listener.set(None)
    try:
        yield
    finally:
        _listener.reset(token)


def hearing() -> Listener | None:
    listener = _listener.get()
    return listener if listener is not None and listener.heeds else None


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """What this context says is the listener's, until its end."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
        listener.close()

"""What a job prints and logs, told as its log events: for job types that ask for it.

Only what runs in the job's own context is heard (a ContextVar): jobs that share a process do not mix, and a thread that
inherits no context goes on to write where it wrote before.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TextIO

from worker import plain
from worker.context import Context
from worker.facts import Level
from worker.interrupt import whole

#: Of a longer line the rest is dropped: who prints without an end must not fill the memory.
LINE_CHARACTERS = plain.TEXT + 1
#: Loggers of the machinery: what they say is about the worker, and may hold what a job's watchers should not read.
_OURS = ("worker", "jobs", "celery", "kombu", "billiard", "amqp")
#: Authors' code in spite of its name.
_THEIRS = ("worker.catalogue", "celery.task")


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
        with _deaf(), suppress(Exception):
            self._lines[name].write(text)

    @whole
    def logged(self, record: logging.LogRecord) -> None:
        with _deaf(), suppress(Exception):
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


Call = Callable[[logging.Logger, logging.LogRecord], None]

_routing = threading.Lock()
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def _deaf() -> Iterator[None]:
    """What is said in here is not heard: telling must not tell of itself."""
    token = _listener.set(None)
    try:
        yield
    finally:
        _listener.reset(token)


def _hearing() -> Listener | None:
    listener = _listener.get()
    return listener if listener is not None and listener.heeds else None


class Routed:
    """Stands in the place of a standard stream: gives what a job that is heard writes to its listener."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name, self.stream = name, stream

    def write(self, text: str) -> int:
        listener = _hearing()
        if listener is None or not isinstance(text, str):
            return self.stream.write(text)
        listener.written(self._name, text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if _hearing() is None:
            self.stream.flush()

    def isatty(self) -> bool:
        return _hearing() is None and self.stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _route() -> None:
    """For good, and again where somebody has put another stream there: without a listener it changes nothing."""
    with _routing:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not isinstance(stream, Routed):
                setattr(sys, name, Routed(name, stream))
        if not getattr(logging.Logger.callHandlers, "overhears", False):
            #: The one way that every record takes, also of a logger that keeps its records from the root's.
            setattr(logging.Logger, "callHandlers", _overhearing(logging.Logger.callHandlers))  # noqa: B010 - mypy minds


def _overhearing(call: Call) -> Call:
    def called(self: logging.Logger, record: logging.LogRecord) -> None:
        listener = _hearing()
        if listener is None or _of_the_machinery(record.name):
            with _deaf():
                call(self, record)
            return
        listener.logged(record)
        _to_others(self, record)

    called.overhears = True  # type: ignore[attr-defined] # whoever asks need not do it twice
    return called


def _to_others(logger: logging.Logger, record: logging.LogRecord) -> None:
    """What a listener was told does not go to the worker's own output as well; but a traceback stays there."""
    for handler in _outlets_of(logger):
        if record.levelno >= handler.level and (record.exc_info or not _on_console(handler)):
            with _deaf():
                handler.handle(record)


def _outlets_of(logger: logging.Logger) -> Iterator[logging.Handler]:
    asked: logging.Logger | None = logger
    while asked is not None:
        yield from asked.handlers
        asked = asked.parent if asked.propagate else None


def _on_console(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    consoles = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return stream is not None and any(stream in (console, getattr(console, "stream", None)) for console in consoles)


def _of_the_machinery(name: str) -> bool:
    return _under(name, _OURS) and not _under(name, _THEIRS)


def _under(name: str, roots: Iterable[str]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


@contextmanager
def listening(ctx: Context, *, on: bool) -> Iterator[None]:
    """While this lasts, what is printed and logged in this context belongs to the job, where that is *on*."""
    if not on:
        yield
        return
    _route()
    listener = Listener(ctx)
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
        listener.close()

"""What a job prints and logs, given to its listener: for job types that ask for it."""

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from worker.context import Context
from worker.listener import Listener, deaf, heard_by, hearing

#: Loggers of the machinery: what they say is about the worker, and may hold what a job's watchers should not read.
_OURS = ("worker", "jobs", "celery", "kombu", "billiard", "amqp")
#: Authors' code in spite of its name.
_THEIRS = ("worker.catalogue", "celery.task")


Call = Callable[[logging.Logger, logging.LogRecord], None]

_routing = threading.Lock()


class Routed:
    """Stands in the place of a standard stream: gives what a job that is heard writes to its listener."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name, self.stream = name, stream

    def write(self, text: str) -> int:
        listener = hearing()
        if listener is None or not isinstance(text, str):
            return self.stream.write(text)
        listener.written(self._name, text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if hearing() is None:
            self.stream.flush()

    def isatty(self) -> bool:
        return hearing() is None and self.stream.isatty()

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
        listener = hearing()
        if listener is None or _of_the_machinery(record.name):
            with deaf():
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
            with deaf():
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
    with heard_by(Listener(ctx)):
        yield

"""Bars of tqdm inside a job: the outermost one in a step is that step's progress, one outside any step its own step.

The methods are what is replaced, so that a class imported long before, or by a library, takes part as well. They do
what they did, in a process that runs no job and in code that is no job's.
"""

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from worker import plain
from worker.context import Context
from worker.interrupt import whole
from worker.outcomes import Cancelled
from worker.steps import Step, standing_in

_MODULE = "tqdm.std"
#: Where ``file`` stands among the positional arguments of a bar, behind ``self``.
_FILE = 4
#: Says nothing beside the number itself.
_PLAIN_UNIT = "it"

_bars: ContextVar["Bars | None"] = ContextVar("bars", default=None)
_lock = threading.Lock()


class Bars:
    """The bars of one job."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self._pid = ctx, os.getpid()
        #: Steps that a bar speaks for; None where it is one outside any step.
        self._spoken_for: set[Step | None] = set()

    @property
    def heed(self) -> bool:
        """Not in a process forked from the job's, where nobody publishes what is told."""
        return os.getpid() == self._pid

    def take(self, bar: Any) -> "Telling | None":
        """How *bar* is to be told; None for one inside another."""
        where = standing_in()
        if where in self._spoken_for:
            return None
        self._spoken_for.add(where)
        name = _said(bar)[: plain.NAME] or "progress"
        step = where or self.ctx.step(name)
        if where is None:
            step.open()
        return Telling(
            self, step, "" if where else name, own=where is None, free=lambda: self._spoken_for.discard(where)
        )


class Telling:
    """One bar as a step's progress."""

    def __init__(self, bars: Bars, step: Step, message: str, *, own: bool, free: Callable[[], None]) -> None:
        self._bars, self._step, self._message, self._own, self._free = bars, step, message, own, free

    def tell(self, bar: Any) -> None:
        """Raises nothing: tqdm holds a lock of all bars around its display, and would not let go of it."""
        if not self._bars.heed:
            return
        with suppress(Cancelled, Exception):
            scale = bar.unit_scale if isinstance(bar.unit_scale, int | float) and bar.unit_scale is not True else 1
            total = None if bar.total is None else bar.total * (scale or 1)
            unit = None if bar.unit == _PLAIN_UNIT else str(bar.unit).strip()
            self._step.progress(bar.n * (scale or 1), total, unit=unit, message=self._fresh(bar))

    def end(self, bar: Any, error: BaseException | None = None) -> None:
        self.tell(bar)
        self._free()
        if self._own and self._bars.heed:
            with suppress(Exception):
                self._step.end(error)

    def _fresh(self, bar: Any) -> str | None:
        message = ", ".join(filter(None, [_said(bar), str(bar.postfix or "")]))
        if message == self._message:
            return None
        self._message = message
        return message


def _heeding() -> Bars | None:
    bars = _bars.get()
    return bars if bars is not None and bars.heed else None


def _said(bar: Any) -> str:
    return str(bar.desc or "").strip().rstrip(":").strip()


class _Nowhere(io.TextIOBase):
    """Where bars inside a job are drawn. A terminal, for some bars exist only on one."""

    def write(self, text: str) -> int:
        return len(text)

    def isatty(self) -> bool:
        return True


def _undrawn(arguments: Sequence[Any], given: dict[str, Any]) -> None:
    """A bar that would be drawn on the worker's own output is drawn nowhere; one with a file of its own there."""
    if len(arguments) <= _FILE and given.get("file") in (None, sys.stderr, sys.stdout):
        given["file"] = _Nowhere()


def _replace(kind: Any) -> None:
    """Gives *kind*, ``tqdm.std.tqdm``, its methods for jobs, once."""
    if hasattr(kind, "told_by"):
        return
    kind.told_by = None
    begin, display, update, close, leave = kind.__init__, kind.display, kind.update, kind.close, kind.__exit__

    @wraps(begin)
    @whole
    def begun(self: Any, *arguments: Any, **given: Any) -> None:
        bars = _heeding()
        if bars is not None:
            bars.ctx.raise_if_cancelled()
            _undrawn(arguments, given)
        begin(self, *arguments, **given)
        if bars is not None and not self.disable:
            with suppress(Exception):
                self.told_by = bars.take(self)
                _told(self)

    @wraps(display)
    @whole
    def displayed(self: Any, *arguments: Any, **given: Any) -> Any:
        _told(self)
        return display(self, *arguments, **given)

    @wraps(update)
    @whole
    def updated(self: Any, *arguments: Any, **given: Any) -> Any:
        bars = _heeding()
        if bars is not None:
            bars.ctx.raise_if_cancelled()
        return update(self, *arguments, **given)

    @wraps(close)
    @whole
    def closed(self: Any) -> None:
        error = sys.exc_info()[1]
        #: Met in its own ``update``: the author's code has not seen it yet. What else is on its way may be handled.
        _ended(self, error if isinstance(error, Cancelled) else None)
        close(self)

    @wraps(leave)
    @whole
    def left(self: Any, of: Any, error: BaseException | None, traceback: Any) -> Any:
        _ended(self, error)
        return leave(self, of, error, traceback)

    kind.__init__, kind.display, kind.update, kind.close, kind.__exit__ = begun, displayed, updated, closed, left


def _told(bar: Any) -> None:
    if bar.told_by is not None:
        bar.told_by.tell(bar)


def _ended(bar: Any, error: BaseException | None = None) -> None:
    telling, bar.told_by = bar.told_by, None
    if telling is not None:
        telling.end(bar, error)


class _Awaited(MetaPathFinder):
    """Waits for somebody to import tqdm, and is gone then."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                _replace(module.tqdm)

            spec.loader.exec_module = executed  # type: ignore[method-assign] # of this one loader of this one module
        return spec


def _watch() -> None:
    """Once in a process, whether tqdm is there already or comes later."""
    with _lock:
        kind = getattr(sys.modules.get(_MODULE), "tqdm", None)
        if kind is not None:
            _replace(kind)
        elif _MODULE not in sys.modules and not any(isinstance(finder, _Awaited) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Awaited())


@contextmanager
def told(ctx: Context) -> Iterator[None]:
    """While this lasts, the bars of this context are the job's."""
    _watch()
    token = _bars.set(Bars(ctx))
    try:
        yield
    finally:
        _bars.reset(token)

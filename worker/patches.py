"""tqdm with other methods: in a job its bars are told.

The methods are what is replaced, so that a class imported long before, or by a library, takes part as well. They do
what they did, in a process that runs no job and in code that is no job's.
"""

import io
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from worker.bars import heeding, telling
from worker.context import Context
from worker.interrupt import whole
from worker.outcomes import Cancelled

_MODULE = "tqdm.std"
#: Where ``file`` stands among the positional arguments of a bar, behind ``self``.
_FILE = 4

_lock = threading.Lock()


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
        bars = heeding()
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
        bars = heeding()
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
    """While this lasts, the bars of this context are the job's, and tqdm knows."""
    _watch()
    with telling(ctx):
        yield

"""Bars of tqdm as steps: the outermost one in a step is that step's progress, one outside any step its own step."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from worker import plain
from worker.context import Context
from worker.outcomes import Cancelled
from worker.steps import Step, standing_in

#: Says nothing beside the number itself.
_PLAIN_UNIT = "it"

_bars: ContextVar["Bars | None"] = ContextVar("bars", default=None)


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


def heeding() -> Bars | None:
    bars = _bars.get()
    return bars if bars is not None and bars.heed else None


def _said(bar: Any) -> str:
    return str(bar.desc or "").strip().rstrip(":").strip()


@contextmanager
def telling(ctx: Context) -> Iterator[None]:
    """While this lasts, the bars of this context are the job's."""
    token = _bars.set(Bars(ctx))
    try:
        yield
    finally:
        _bars.reset(token)

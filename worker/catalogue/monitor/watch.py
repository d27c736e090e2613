"""The watch itself: look, judge, tell, keep; until the time is over or somebody ends it."""

import math
import time
from itertools import chain
from typing import Any

from worker.catalogue.monitor import pace, remote, results
from worker.catalogue.monitor.params import Params
from worker.catalogue.monitor.probes import probes_of
from worker.catalogue.monitor.readings import Reading, look
from worker.catalogue.monitor.rules import Change
from worker.catalogue.monitor.telling import Telling
from worker.catalogue.monitor.watching import Watching
from worker.catalogue.waiting import wait_until
from worker.context import Context
from worker.outcomes import Cancelled, Released, RunOver
from worker.steps import Step

#: What is kept for another run is kept under this name.
_KEPT = "watch"
#: After an alert has changed it is kept soon, but not oftener than this.
_SOON_SECONDS = 1.0


def watch(ctx: Context, step: Step, params: Params) -> dict[str, Any]:
    """The result; a cancel leaves the same as files."""
    watched = Watch(ctx, step, params)
    try:
        watched.go_on()
    except Released:
        watched.keep()
        raise
    except RunOver:
        raise
    except Cancelled:
        with ctx.shield():
            watched.leave()
        raise
    return watched.leave()


class Watch:
    """One run of it."""

    def __init__(self, ctx: Context, step: Step, params: Params) -> None:
        self._ctx, self._step, self._params = ctx, step, params
        self._state = Watching(params)
        kept = ctx.saved(_KEPT)
        self._probes = probes_of(params, anew=kept is None, between=ctx.raise_if_cancelled)
        ctx.cleanup(remote.stop, self._probes.remote)
        self._began: float = time.time() if kept is None else kept["began"]
        self._telling = Telling(ctx, self._state.units, self._began)
        gone = 0.0 if kept is None else self._resume(kept)
        self._zero = time.monotonic() - gone
        self._kept_at, self._changed = gone, False
        self._last = _last_tick(params)
        if kept is None:
            self.keep()  # when it began: the time that it has is counted from there

    def go_on(self) -> None:
        """Tick by tick; one that comes too late for its time is left out."""
        tick = self._next(at_least=0.5)
        while self._last is None or tick <= self._last:
            wait_until(self._ctx, self._zero + tick * self._params.interval_seconds)
            tick = max(tick, self._next() - 1 if self._last is None else min(self._next() - 1, self._last))
            self._look(tick)
            tick += 1
        if self._last is not None:
            self._state.skip_to(self._last)
        self._telling.tell(self._at, all_of_them=True)

    def keep(self) -> None:
        """Keeps all that another run needs to go on."""
        self._kept_at, self._changed = self._at, False
        self._ctx.save(_KEPT, {"began": self._began, **self._state.dump()})

    def leave(self) -> dict[str, Any]:
        """The files, and the result; the step's summary says it in short."""
        result = results.leave(self._ctx, self._state, self._began)
        self._step.summary(results.sentence(self._state))
        return result

    @property
    def _at(self) -> float:
        """Seconds from the begin to the last tick."""
        return round(self._state.tick * self._params.interval_seconds, 3)

    def _next(self, at_least: float = 0.0) -> int:
        """The next tick, which is at least so many intervals away."""
        gone = (time.monotonic() - self._zero) / self._params.interval_seconds
        return math.floor(gone + at_least + 1e-6) + 1

    def _look(self, tick: int) -> None:
        readings = self._readings()
        changes = self._state.take(tick, round(tick * self._params.interval_seconds, 3), readings)
        self._telling.add(readings)
        for change in changes:
            _tell(self._ctx, change)
        self._changed = self._changed or bool(changes)
        self._telling.tell(self._at)
        self._progress()
        if self._at - self._kept_at >= (_SOON_SECONDS if self._changed else pace.keep_seconds(self._at)):
            self.keep()

    def _readings(self) -> list[Reading]:
        local = [look(name, probe) for name, probe in self._probes.local.items()]
        return [*local, *chain.from_iterable(poller.take() for poller in self._probes.remote)]

    def _progress(self) -> None:
        if self._telling.progress_due(self._at):
            self._step.progress(self._state.tick, self._last, unit="samples", message=results.sentence(self._state))

    def _resume(self, kept: dict[str, Any]) -> float:
        """Seconds from the begin; a run starts without alerts, so those that fire are told again."""
        self._state.load(kept)
        for change in self._state.firing:
            _tell(self._ctx, change)
        return max(self._at, time.time() - self._began)


def _last_tick(params: Params) -> int | None:
    if params.duration_seconds is None:
        return None
    return max(1, math.floor(params.duration_seconds / params.interval_seconds + 1e-6))


def _tell(ctx: Context, change: Change) -> None:
    ctx.alert(
        change.name,
        severity=change.severity,
        message=change.sentence,
        value=change.value,
        threshold=change.threshold,
        firing=change.firing,
    )

"""What a job can tell of its work beside its steps: numbers, lines, items and alerts."""

from collections.abc import Mapping
from typing import Any, Literal, SupportsFloat

from jobs import events as ev
from worker import plain
from worker.blame import Blame
from worker.outcomes import JobFailed
from worker.ports import Sink, check, tell

Level = Literal["debug", "info", "warning", "error"]
Severity = Literal["info", "warning", "critical"]

#: What an item of two names weighs on its way, in bytes. They were bounded just now: to write it out and read it again,
#: as :func:`tell` does, could find nothing, and would be half of what a call costs.
_ITEM_BYTES = 160


class Facts:
    """Of one run; ``metric`` and ``item`` are cancel points, ``log`` and ``alert`` never raise Cancelled."""

    def __init__(self, sink: Sink, blame: Blame) -> None:
        self._sink, self._blame = sink, blame

    def metric(
        self, name: str, value: SupportsFloat, *, step: SupportsFloat | None = None, unit: str | None = None
    ) -> None:
        """A number at one moment; one that JSON cannot say (nan, inf) becomes a warning. A cancel point."""
        check(self._sink)
        measured = plain.maybe(value)
        if measured is None:
            self.log(f"{name} is {value}", level="warning")
            return
        named = None if unit is None else plain.text(unit, plain.NAME)
        tell(self._sink, ev.MetricMeasured(name=plain.name(name), value=measured, step=plain.maybe(step), unit=named))

    def log(self, message: str, level: Level = "info", **fields: Any) -> None:
        """A line for people who watch, with any fields beside it."""
        if level not in ("debug", "info", "warning", "error"):
            raise ValueError(f"{level!r} is no level: debug, info, warning or error")
        tell(self._sink, ev.LogWritten(level=level, message=plain.text(message), fields=plain.fields(fields)))

    def item(
        self,
        key: str,
        state: str,
        error: BaseException | str | Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """One of a batch reached *state* (such as succeeded, failed, skipped); never merged. A cancel point."""
        check(self._sink)
        if error is None and not fields:
            self._sink.emit(ev.ItemFinished(key=plain.name(key), state=plain.name(state)), _ITEM_BYTES)
            return
        failure = None if error is None else self._failure(error)
        event = ev.ItemFinished(
            key=plain.name(key), state=plain.name(state), error=failure, fields=plain.fields(fields)
        )
        tell(self._sink, event)

    def alert(
        self,
        name: str,
        *,
        message: str,
        severity: Severity = "warning",
        value: SupportsFloat | None = None,
        threshold: SupportsFloat | None = None,
        firing: bool = True,
    ) -> None:
        """A rule begins to fire, or with ``firing=False`` ceases to."""
        if severity not in ("info", "warning", "critical"):
            raise ValueError(f"{severity!r} is no severity: info, warning or critical")
        event = ev.AlertChanged(
            name=plain.name(name),
            severity=severity,
            message=plain.text(message),
            firing=bool(firing),
            value=plain.maybe(value),
            threshold=plain.maybe(threshold),
        )
        tell(self._sink, event)

    def _failure(self, error: BaseException | str | Mapping[str, Any]) -> ev.Failure:
        if isinstance(error, BaseException):
            return self._blame.failure(error)
        given: Mapping[str, Any] = {"message": error} if isinstance(error, str) else error
        code, message = given.get("code", "error"), given.get("message", "")
        return self._blame.failure(JobFailed(code, message, detail=given.get("detail")))

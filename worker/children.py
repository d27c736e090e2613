"""Child jobs of one job, begun and found through the service."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jobs import decisions
from jobs.errors import InvalidEvent, JobNotFound
from jobs.events import Failure, Request
from jobs.files import new_id
from jobs.model import Job
from jobs.wiring import Parts
from worker.outcomes import ChildFailed
from worker.ports import Children

if TYPE_CHECKING:
    from jobs.validation import Fault

#: Children of children, so deep and no deeper: a type that begins itself has to end somewhere.
MAX_DEPTH = 5


class JobChildren(Children):
    """The port's real thing, for the children of *parent*."""

    def __init__(self, parts: Parts, parent: Job) -> None:
        self._parts, self._parent = parts, parent

    def new_id(self) -> str:
        return new_id()

    def ask(self, kind: str, params: dict[str, Any], *, step: str, labels: Mapping[str, str]) -> Request:
        from jobs.asking import LABELS, check  # noqa: PLC0415 - only parents need the validator
        from jobs.validation import judge  # noqa: PLC0415 - as above

        asked, entry = self._parent.request, self._parts.catalogue.types().get(kind)
        if asked.depth >= MAX_DEPTH:
            raise refused(
                step, "too_deep", f"It would be a child at depth {asked.depth + 1}, the limit is {MAX_DEPTH}."
            )
        if entry is None:
            raise refused(step, "type_not_found", f"There is no job type {kind[:100]!r}.")
        together = {**asked.labels, **labels}
        _demand(step, judge(LABELS, together, at="/labels").faults)
        verdict = check(entry, params, self._parts.files)
        _demand(step, verdict.faults)
        return _storable(
            step,
            Request(
                type=kind,
                params=params,
                queue=entry.queue,
                priority=asked.priority,
                labels=together,
                max_attempts=entry.max_attempts,
                timeout_seconds=entry.timeout_seconds,
                files=verdict.files,
                parent=self._parent.id,
                parent_step=step,
                depth=asked.depth + 1,
            ),
        )

    def submit(self, child_id: str, request: Request) -> None:
        self._parts.files.hold(request.files, child_id)
        self._parts.lifecycle.submit(child_id, request)

    def find(self, child_id: str) -> Job | None:
        try:
            return self._parts.lifecycle.load(child_id)
        except JobNotFound:
            return None


def refused(step: str, code: str, message: str, *, detail: dict[str, Any] | None = None) -> ChildFailed:
    """There can be no such child; nothing was begun."""
    return ChildFailed(step, None, "refused", Failure(code=code, message=message, detail=detail))


def _demand(step: str, faults: "list[Fault]") -> None:
    """ChildFailed that lists *faults*, where there are any."""
    if faults:
        more = "" if len(faults) == 1 else f", and {len(faults) - 1} more"
        told = {"errors": [fault._asdict() for fault in faults[:20]]}
        raise refused(step, "invalid_params", f"{faults[0].pointer} {faults[0].detail}{more}.", detail=told)


def _storable(step: str, request: Request) -> Request:
    try:
        decisions.submit(request)
    except InvalidEvent as error:
        raise refused(step, "too_large", str(error)) from error
    return request

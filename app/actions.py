"""What a client may wish of a job beside its events: that it end; and, on a WebSocket, to say how far it has read."""

from collections.abc import Callable
from typing import Any

from app.bodies import parse
from app.problems import Problem, demand, document, problem_of
from app.schemas import ACK, CANCEL
from jobs.errors import InvalidCursor
from jobs.eventlog import Cursor
from jobs.files import is_id
from jobs.lifecycle import Lifecycle
from jobs.model import Job
from jobs.validation import Fault, judge

#: Of an action that is not known: no longer a name is told back.
_SHOWN = 40

Action = Callable[[dict[str, Any], Cursor | None], Cursor | None]


def cancel(life: Lifecycle, job_id: str, body: dict[str, Any]) -> Job | None:
    """The job as cancel left it, None where it had ended before; 422 with every fault of *body*."""
    demand("invalid_request", judge(CANCEL, body).faults)
    if life.head(job_id).state.terminal:
        return None
    return life.cancel(job_id, grace_seconds=body.get("grace_seconds", 5.0), reason=body.get("reason"))


class Actions:
    """What the client of one WebSocket may say; *may_cancel* as for a POST. Where many jobs are read it names one."""

    def __init__(self, life: Lifecycle, job_id: str, *, may_cancel: bool) -> None:
        self._life, self._job_id = life, job_id
        self._actions: dict[str, Action] = {"cancel": self._cancel if may_cancel else _forbidden, "ack": _ack}

    def __call__(self, text: str, position: Cursor | None) -> dict[str, Any] | Cursor | None:
        """The data of a ``stream.refused``, the cursor acknowledged, or None where there is nothing to add."""
        name: str | None = None
        try:
            body = _object(text)
            name = _name(body)
            return self._action(name)(body, position)
        except Exception as error:  # noqa: BLE001 - as for a call: each is told, the unforeseen under a reference
            return _refused(name, problem_of(error))

    def _action(self, name: str | None) -> Action:
        if name is None or name not in self._actions:
            raise _wrong("/action", f"is none of: {', '.join(self._actions)}")
        return self._actions[name]

    def _cancel(self, body: dict[str, Any], _position: Cursor | None) -> None:
        cancel(self._life, self._job_id or _job(body), body)


def _job(body: dict[str, Any]) -> str:
    job_id = body.pop("job", None)
    if not isinstance(job_id, str) or not is_id(job_id):
        raise _wrong("/job", "must be the id of the job that is meant")
    return job_id


def _object(text: str) -> dict[str, Any]:
    parsed = parse(text.encode())
    if not isinstance(parsed, dict):
        raise _wrong("", "The message must be a JSON object.")
    return parsed


def _name(body: dict[str, Any]) -> str | None:
    name = body.pop("action", None)
    return name[:_SHOWN] if isinstance(name, str) else None


def _ack(body: dict[str, Any], position: Cursor | None) -> Cursor:
    demand("invalid_request", judge(ACK, body).faults)
    try:
        cursor = Cursor.parse(body["cursor"])
    except InvalidCursor:
        cursor = None
    if cursor is None or position is None or cursor.seq > position.seq:
        raise _wrong("/cursor", "is no id that this stream has told")
    return cursor


def _forbidden(_body: dict[str, Any], _position: Cursor | None) -> None:
    raise Problem("forbidden", "The token in the address is for reading; cancel needs the service's own.")


def _wrong(pointer: str, detail: str) -> Problem:
    return Problem("invalid_request", f"{pointer} {detail}".strip(), faults=[Fault(pointer, detail)])


def _refused(name: str | None, problem: Problem) -> dict[str, Any]:
    told = document(problem)
    return {"action": name, **{member: told[member] for member in ("code", "detail", "errors")}}

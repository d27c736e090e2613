"""From the body of a submit to what it asks for, or to everything that is wrong with it."""

from typing import Any, NamedTuple

from app.problems import demand
from app.schemas import SUBMISSION
from jobs.asking import check
from jobs.catalogue import TypeEntry
from jobs.clock import Clock, rfc3339
from jobs.events import Request
from jobs.files import FileStore
from jobs.validation import Fault, judge


class Wish(NamedTuple):
    """What a body asks for."""

    request: Request
    delay_seconds: float | None


def check_members(body: dict[str, Any]) -> None:
    """422 with every fault of the body's own members."""
    faults = list(judge(SUBMISSION, body).faults)
    delay, expires = body.get("delay_seconds"), body.get("expires_in_seconds")
    if not faults and delay is not None and expires is not None and expires <= delay:
        faults.append(Fault("/expires_in_seconds", "is over before the delay is"))
    demand("invalid_request", faults)


def check_params(entry: TypeEntry, params: dict[str, Any], store: FileStore) -> list[str]:
    """The uploads that *params* name; 422 with every fault."""
    verdict = check(entry, params, store)
    demand("invalid_params", verdict.faults)
    return verdict.files


def wish_of(body: dict[str, Any], entry: TypeEntry, files: list[str], clock: Clock) -> Wish:
    """What the body asks for, with the type's own figures where it says nothing."""
    expires = body.get("expires_in_seconds")
    request = Request(
        type=entry.name,
        params=body.get("params", {}),
        queue=entry.queue,
        priority=int(body.get("priority", 5)),
        labels=body.get("labels", {}),
        max_attempts=int(body.get("max_attempts", entry.max_attempts)),
        timeout_seconds=body.get("timeout_seconds", entry.timeout_seconds),
        expires_at=None if expires is None else rfc3339(clock() + round(expires * 1000)),
        concurrency_key=body.get("concurrency_key"),
        cancel_when_unwatched_seconds=body.get("cancel_when_unwatched_seconds"),
        files=files,
    )
    return Wish(request, body.get("delay_seconds"))

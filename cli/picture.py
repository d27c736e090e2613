"""The job as a watcher sees it: a snapshot, and every event after it folded in as the service itself does."""

from typing import Any

import msgspec

from jobs.errors import InvalidCursor, InvalidTransition
from jobs.eventlog import Cursor, Record
from jobs.events import ArtifactReady, Failure, Request
from jobs.model import Cancel, Job, JobState, LogLine, Progress, apply
from jobs.views import Alert, Alerts, Items, Metric, Output, Step

Resource = dict[str, Any]
#: What a job shows of its request under the same name (its ``queue`` is another thing: its place in it).
_ASKED = ("type", "params", "priority", "labels", "max_attempts", "timeout_seconds", "expires_at", "retry_of", "parent")
_MINE = (InvalidTransition, InvalidCursor, msgspec.MsgspecError)


def from_resource(resource: Resource) -> Job:
    """The job that a snapshot or an answer shows."""
    cursor = Cursor.parse(resource["cursor"])
    alerts = [_read(alert, Alert) for alert in resource["alerts"]]
    return Job(
        id=resource["id"],
        request=_read({name: resource[name] for name in _ASKED if name in resource}, Request),
        state=JobState(resource["state"]),
        created_at=resource["created_at"],
        epoch=cursor.epoch,
        seq=cursor.seq,
        attempt=resource["attempt"],
        waits_for=resource.get("waits_for"),
        started_at=resource["started_at"],
        finished_at=resource["finished_at"],
        progress=_read(resource["progress"], Progress),
        steps={step["name"]: _read(step, Step) for step in resource["steps"]},
        outputs={name: _read({**view, "name": name}, Output) for name, view in resource["outputs"].items()},
        metrics={name: _read({**view, "name": name}, Metric) for name, view in resource["metrics"].items()},
        items=_read(resource["items"], Items),
        alerts=Alerts(
            firing={alert.name: alert for alert in alerts if alert.firing},
            resolved=[alert for alert in alerts if not alert.firing],
        ),
        log=[_read(line, LogLine) for line in resource["log"]],
        artifacts={artifact["name"]: _read(artifact, ArtifactReady) for artifact in resource["artifacts"]},
        result=resource["result"],
        error=_read(resource["error"], Failure) if resource["error"] else None,
        cancel=_read(resource["cancel"], Cancel) if resource["cancel"] else None,
        truncated=resource.get("truncated", False),
    )


def folded(job: Job | None, envelope: bytes) -> Job | None:
    """*job* after the event; None where the event does not fit it, and a fresh snapshot is due."""
    try:
        return apply(job, msgspec.json.decode(envelope, type=Record))
    except _MINE:
        return None


def _read(view: Resource, kind: Any) -> Any:
    return msgspec.convert(view, kind, strict=False)

"""fold.js makes of a log what the service's own fold makes of it."""

import json
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page

from app.relay.merge import merge
from jobs.eventlog import Cursor, Entry, Record
from jobs.events import EVENTS
from jobs.model import Job, apply
from jobs.resource import resource

BEGIN: list[tuple[str, dict[str, Any]]] = [
    ("job.queued", {"request": {"type": "trial", "params": {"n": 1}}}),
    ("job.started", {"worker": "w", "attempt": 1, "steps": [{"name": "a", "title": "A", "weight": 2}]}),
]
PICTURE = {"name": "a.svg", "media_type": "image/svg+xml", "url": "/v1/a"}
STORY: list[tuple[str, dict[str, Any]]] = [
    ("step.started", {"name": "a"}),
    ("step.started", {"name": "b", "title": "Within", "parent": "a", "weight": 0.5}),
    ("step.progress", {"name": "b", "done": 5, "total": 20, "unit": "rows", "message": "on"}),
    ("step.progress", {"name": "b", "fraction": 2.0}),
    ("step.succeeded", {"name": "b", "seconds": 0.1, "summary": "20 rows"}),
    ("job.progress", {"fraction": 0.5, "message": "half", "eta_seconds": 3.0}),
    ("job.progress", {"fraction": 0.4}),
    ("output.delta", {"name": "text", "offset": 0, "text": "水 🚰"}),
    ("output.delta", {"name": "text", "offset": 2, "text": "🚰 and more"}),
    ("output.delta", {"name": "__proto__", "offset": 0, "text": "x"}),
    ("output.done", {"name": "text", "length": 12, "sha256": "0"}),
    ("metric", {"name": "loss", "value": 0.5, "step": 1, "unit": "nat"}),
    ("metric", {"name": "loss", "value": 0.25, "step": 2}),
    ("metric", {"name": "rate", "value": 7.0}),
    ("metric", {"name": "rate", "value": 8.0}),
    ("log", {"level": "info", "message": "a line", "fields": {"n": 1}}),
    ("alert", {"name": "cpu", "severity": "warning", "message": "busy", "firing": True, "value": 0.9}),
    ("alert", {"name": "disk", "severity": "critical", "message": "full", "firing": True}),
    ("alert", {"name": "cpu", "severity": "warning", "message": "fine", "firing": False}),
    ("item", {"key": "1.csv", "state": "succeeded", "fields": {"rows": 3}}),
    ("item", {"key": "2.csv", "state": "failed", "error": {"code": "bad", "message": "Bad."}}),
    ("artifact.ready", {"id": "1", "bytes": 1, "sha256": "0", **PICTURE}),
    ("artifact.ready", {"id": "2", "bytes": 2, "sha256": "1", **PICTURE}),
    ("something.new", {"of": "a later version"}),
    ("step.failed", {"name": "a", "error": {"code": "error", "message": "It broke."}}),
]
LOST: list[tuple[str, dict[str, Any]]] = [
    ("job.stalled", {"worker": "w"}),
    ("job.retrying", {"error": {"code": "worker_lost", "message": "Lost."}, "delay_seconds": 1.5, "next_attempt": 2}),
    ("job.queued", {}),
    ("job.started", {"worker": "v", "attempt": 2, "steps": [{"name": "a", "title": "A", "weight": 2}]}),
    ("metric", {"name": "loss", "value": 0.2, "step": 2}),
    ("metric", {"name": "rate", "value": 9.0}),
    ("job.extended", {"deadline": "2026-11-22T22:00:00.000Z"}),
    ("output.reset", {"name": "text", "reason": "attempt"}),
    ("step.reused", {"name": "a", "from_attempt": 1}),
    ("step.reused", {"name": "b", "from_attempt": 1, "seconds": 2.5}),
    ("step.skipped", {"name": "c", "reason": "nothing to do"}),
    ("job.released", {}),
    ("job.started", {"worker": "u", "attempt": 2}),
    ("job.progress", {"fraction": 0.25, "message": "begun"}),
    ("step.started", {"name": "report", "child": "01hzabcdefghjkmnpqrstvwxyz"}),
    ("job.scheduled", {"until": "2026-01-01T00:01:00.000Z", "reason": "child", "child": "01hzabcdefghjkmnpqrstvwxyz"}),
    ("step.progress", {"name": "report", "fraction": 0.5, "message": "Reading"}),
    ("job.progress", {"fraction": 0.375}),
    ("job.queued", {}),
    ("job.started", {"worker": "u", "attempt": 2}),
    ("step.started", {"name": "report", "child": "01hzabcdefghjkmnpqrstvwxyz"}),
    ("step.succeeded", {"name": "report", "seconds": 2.5}),
]
ENDS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "succeeded": [("job.succeeded", {"result": {"n": 1}})],
    "failed": [("job.failed", {"error": {"code": "error", "message": "It broke.", "detail": {"at": 3}}})],
    "cancelled": [
        ("job.cancelling", {"deadline": "2026-01-01T00:01:00.000Z", "reason": "enough", "by": "me"}),
        ("job.cancel_escalated", {"rung": "cooperative"}),
        ("job.cancelled", {"mode": "cooperative", "reason": "enough"}),
    ],
}
LOGS = {
    **{f"all and {name}": BEGIN + STORY + LOST + end for name, end in ENDS.items()},
    "delayed": [
        ("job.scheduled", {"until": "2026-01-01T00:01:00.000Z", "reason": "delay", **BEGIN[0][1]}),
        ("job.queued", {}),
        ("job.expired", {}),
    ],
    "cancelled before it began": [BEGIN[0], ("job.cancelled", {"mode": "queued"})],
}


def records(log: list[tuple[str, dict[str, Any]]]) -> list[Record]:
    return [
        Record(
            id=f"k3f9-{seq}",
            seq=seq,
            type=name,
            job="01hzabcdefghjkmnpqrstvwxyz",
            time=f"2026-01-01T00:00:{seq % 60:02}.000Z",
            attempt=1,
            data=msgspec.Raw(msgspec.json.encode(data)),
        )
        for seq, (name, data) in enumerate(log, 1)
    ]


#: As text: the way into the page would lose a member called ``__proto__``.
FOLD = """async (text) => {
  const { apply } = await import("/fold.js");
  const [job, envelopes] = JSON.parse(text);
  const frozen = JSON.stringify(job);
  const folded = envelopes.reduce(apply, job);
  if (JSON.stringify(job) !== frozen) throw new Error("the fold changed what it was given");
  return JSON.stringify(folded);
}"""


def in_the_browser(modules: Page, snapshot: Any, tail: list[Record]) -> Any:
    envelopes = [msgspec.json.decode(msgspec.json.encode(record)) for record in tail]
    return json.loads(modules.evaluate(FOLD, json.dumps([snapshot, envelopes])))


def whole(log: list[Record]) -> dict[str, Any]:
    job: Job | None = None
    for record in log:
        job = apply(job, record)
    assert job is not None
    return plain(resource(job))


def plain(view: dict[str, Any]) -> dict[str, Any]:
    """Without what only one of the two keeps: nulls that mean absent, and the queue."""

    def cleaned(thing: Any) -> Any:
        if isinstance(thing, dict):
            return {name: cleaned(value) for name, value in thing.items() if value is not None and name != "queue"}
        return [cleaned(each) for each in thing] if isinstance(thing, list) else thing

    return dict(cleaned(msgspec.json.decode(msgspec.json.encode(view))))


@pytest.mark.parametrize("name", LOGS)
def test_from_any_snapshot_on_both_folds_end_in_the_same_job(modules: Page, name: str) -> None:
    log = records(LOGS[name])
    for cut in range(1, len(log)):
        snapshot = msgspec.json.decode(msgspec.json.encode(whole_view(log[:cut])))
        assert plain(in_the_browser(modules, snapshot, log[cut:])) == whole(log), f"from event {cut} on"


PILE: list[tuple[str, dict[str, Any]]] = [
    *BEGIN,
    *[("step.progress", {"name": "a", "done": n, "total": 9, "unit": "rows"}) for n in range(5)],
    *[("job.progress", {"fraction": n / 9}) for n in range(5)],
    *[("output.delta", {"name": "text", "offset": 3 * n, "text": f"{n}\N{POTABLE WATER SYMBOL} "}) for n in range(9)],
    *[("metric", {"name": name, "value": n, "unit": "s"}) for n in range(3) for name in ("loss", "rate")],
    ("item", {"key": "1.csv", "state": "succeeded"}),
    ("output.delta", {"name": "text", "offset": 27, "text": "end"}),
    ("job.succeeded", {"result": 1}),
]


def item(key: int, *, failed: bool) -> tuple[str, dict[str, Any]]:
    error = {"error": {"code": "bad", "message": "Bad."}} if failed else {}
    return "item", {"key": str(key), "state": "failed" if failed else "succeeded", **error}


BATCH = [item(n, failed=failed) for n, failed in enumerate([*[False, False, True] * 90, *[True] * 60, *[False] * 30])]


def test_of_a_large_batch_both_folds_keep_the_same_items(modules: Page) -> None:
    log = records([*BEGIN, *BATCH])
    for cut in (2, 150, 300):
        snapshot = msgspec.json.decode(msgspec.json.encode(whole_view(log[:cut])))
        assert plain(in_the_browser(modules, snapshot, log[cut:])) == whole(log)


def test_events_that_stand_for_several_fold_to_the_same_job(modules: Page) -> None:
    log = records(PILE)
    for cut in range(2, len(log) - 5):
        tail = [Entry(Cursor.parse(one.id), one.type, msgspec.json.encode(one)) for one in log[cut:]]
        merged = [msgspec.json.decode(one.envelope, type=Record) for one in merge(tail)]
        snapshot = msgspec.json.decode(msgspec.json.encode(whole_view(log[:cut])))

        assert len(merged) < len(tail)
        assert pointless(in_the_browser(modules, snapshot, merged)) == pointless(whole(log)), f"from event {cut} on"


def pointless(view: dict[str, Any]) -> dict[str, Any]:
    """Without the points of metrics, of which merging leaves fewer."""
    metrics = {name: {**metric, "series": []} for name, metric in plain(view)["metrics"].items()}
    return {**plain(view), "metrics": metrics}


def whole_view(log: list[Record]) -> dict[str, Any]:
    job: Job | None = None
    for record in log:
        job = apply(job, record)
    assert job is not None
    return resource(job)


def test_every_event_type_is_in_one_of_these_logs() -> None:
    told = {name for log in LOGS.values() for name, _ in log}
    assert set(EVENTS) <= told


def test_a_repeat_changes_nothing(modules: Page) -> None:
    log = records(LOGS["all and succeeded"])
    snapshot = msgspec.json.decode(msgspec.json.encode(whole_view(log)))
    assert in_the_browser(modules, snapshot, log) == snapshot


def test_a_new_epoch_is_not_taken_for_a_repeat(modules: Page) -> None:
    snapshot = msgspec.json.decode(msgspec.json.encode(whole_view(records(BEGIN))))
    record = msgspec.structs.replace(records([("log", {"level": "info", "message": "anew"})])[0], id="zz00-1")
    assert in_the_browser(modules, snapshot, [record])["log"][0]["message"] == "anew"

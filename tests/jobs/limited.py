"""What the tests of limits share: two job types, and how their jobs are submitted, begun and ended."""

from typing import Any

from jobs import events as ev
from jobs.catalogue import Catalogue, TypeEntry
from jobs.files import new_id
from jobs.model import Job
from tests.jobs.conftest import Yard

#: ``t`` has three places; ``free`` has no limit of its own, and lets two of a key run.
THREE, FREE = (
    TypeEntry(name="t", title="T", params_schema={}, max_running=3),
    TypeEntry(name="free", title="Free", params_schema={}, max_running_per_key=2),
)


def publish(yard: Yard, *entries: TypeEntry) -> dict[str, TypeEntry]:
    Catalogue(yard.client, lease_seconds=60).publish(entries)
    return {entry.name: entry for entry in entries}


def submitted(yard: Yard, number: int = 1, kind: str = "t", **more: Any) -> list[str]:
    ids = []
    for _ in range(number):
        yard.clock.now += 1
        ids.append(new_id())
        yard.life.submit(ids[-1], ev.Request(type=kind, params={}, **more))
    return ids


def claimed(yard: Yard, types: dict[str, TypeEntry]) -> list[str]:
    """Claims until nothing may begin."""
    return [job.id for job in iter(lambda: yard.life.claim("default", types, "w"), None)]


def finish(yard: Yard, job_id: str) -> Job:
    return yard.life.decide(job_id, lambda _job: [ev.JobSucceeded()])


def parked(yard: Yard, *job_ids: str) -> dict[str, tuple[str, int]]:
    return {job_id: (at.limit, at.position) for job_id, at in yard.index.limits.parked(job_ids).items()}


def left(yard: Yard) -> list[bytes]:
    """Keys of limits."""
    return [key for word in ("places:", "parked", "limits") for key in yard.client.keys(f"*{word}*")]

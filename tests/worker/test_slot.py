"""One call of Celery's, and what a slot makes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import events as ev
from jobs.catalogue import WorkerEntry
from jobs.clock import now_ms
from jobs.errors import LogUnavailable
from jobs.files import new_id
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from tailrace import Context, job
from tests.jobs.conftest import Bell
from worker import slot as module
from worker.graces import leave
from worker.registry import Crew, Registry
from worker.slot import Slot


@job("quick")
def quick(_: Context) -> None:
    """Is over at once."""


@job("slow", queue="slow")
def slow(_: Context) -> None:
    """Waits in a queue of its own."""


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def parts(redis_url: str, tmp_path: Path, bell: Bell) -> Iterator[Parts]:
    settings = Settings.from_env({"REDIS_URL": redis_url, "TAILRACE_DATA": str(tmp_path / "data")})
    made = assemble(settings, doorbell=bell)
    yield made
    made.client.connection_pool.disconnect()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = Registry(tmp_path / "registry")
    made.folder.mkdir()
    worker = WorkerEntry(id="w", types=["quick"], queues=["default"], concurrency=1, started_at="")
    made.create(Crew(worker=worker, types=[], pid=1, born=0.0))
    return made


@pytest.fixture
def slot(parts: Parts, registry: Registry) -> Slot:
    return Slot({"quick": quick}, worker="w", registry=registry, assemble=lambda: parts)


def submitted(parts: Parts, count: int, **more: str) -> list[str]:
    request = ev.Request(**({"type": "quick", "params": {}} | more))
    return [parts.lifecycle.submit(new_id(), request).id for _ in range(count)]


def states(parts: Parts, ids: list[str]) -> list[str]:
    return [head.state.value for head in parts.lifecycle.heads(ids)]


def test_a_slot_goes_on_to_the_jobs_that_follow_and_takes_away_their_rings(
    slot: Slot, parts: Parts, bell: Bell
) -> None:
    ids = submitted(parts, 6)
    bell.rings.pop()  # the ring that calls the slot
    slot.answer("default")

    assert states(parts, ids) == ["succeeded"] * 6
    assert bell.rings == []


def test_a_job_without_a_ring_is_run_all_the_same(slot: Slot, parts: Parts, bell: Bell) -> None:
    ids = submitted(parts, 3)
    bell.rings.clear()
    slot.answer("default")

    assert states(parts, ids) == ["succeeded"] * 3


def test_after_a_while_other_queues_have_their_turn_and_who_waits_still_has_a_ring(
    parts: Parts, registry: Registry, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    slot = Slot({"quick": quick, "slow": slow}, worker="w", registry=registry, assemble=lambda: parts)
    ids, [other] = submitted(parts, 3), submitted(parts, 1, type="slow", queue="slow")
    bell.rings.clear()
    slot.answer("default")

    assert states(parts, [*ids, other]) == ["succeeded", "queued", "queued", "queued"]
    assert bell.rings == ["default"], "one, and no more than there are jobs without"
    slot.answer("slow")
    slot.answer("default")
    assert states(parts, [*ids, other]) == ["succeeded"] * 4
    assert bell.rings == []


def test_where_no_other_queue_has_a_job_a_slot_goes_on_but_a_call_has_an_end(
    slot: Slot, parts: Parts, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    ids = submitted(parts, 3)
    slot.answer("default")
    assert states(parts, ids) == ["succeeded"] * 3

    monkeypatch.setattr(module, "CALL_SECONDS", 0.0)
    ids = submitted(parts, 3)
    bell.rings.clear()
    slot.answer("default")
    assert states(parts, ids) == ["succeeded", "queued", "queued"]
    assert bell.rings == ["default"]


def test_whoever_is_called_rings_for_the_next_before_it_begins(slot: Slot, parts: Parts, bell: Bell) -> None:
    """Jobs may be long, and no ring may be left for those that wait behind them."""
    seen = list[list[str]]()
    slot.hold = lambda _job: seen.append(list(bell.rings))  # type: ignore[method-assign,assignment,func-returns-value]
    submitted(parts, 2)
    bell.rings.clear()
    slot.answer("default")

    assert seen[0] == ["default"]
    assert bell.rings == [], "it came to the second one itself"


def test_a_job_that_was_claimed_is_run_also_where_redis_goes_before_the_next_is_rung_for(
    slot: Slot, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = submitted(parts, 2)

    def away(_queue: str) -> int:
        raise LogUnavailable(why="it has just gone")

    monkeypatch.setattr(parts.lifecycle.index, "depth", away)
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    slot.answer("default")
    assert states(parts, ids) == ["succeeded"] * 2


def test_a_worker_that_is_to_stop_begins_no_further_job(slot: Slot, parts: Parts, registry: Registry) -> None:
    ids = submitted(parts, 2)
    registry.drain(leave(now_ms(), 20))
    slot.answer("default")

    assert states(parts, ids) == ["succeeded", "queued"]


def test_an_empty_queue_takes_no_ring_away(slot: Slot, bell: Bell) -> None:
    bell.ring("default")
    slot.answer("default")

    assert bell.rings == ["default"]

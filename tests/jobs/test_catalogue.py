from typing import Any

import pytest

from jobs import keys
from jobs.catalogue import Catalogue, TypeEntry, WorkerEntry
from jobs.events import StepPlan
from tests.jobs.conftest import Clients
from tests.service import wait_for


@pytest.fixture
def client(redis_url: str, clients: Clients) -> Any:
    return clients(redis_url)


@pytest.fixture
def catalogue(client: Any) -> Catalogue:
    return Catalogue(client, lease_seconds=60)


def entry(name: str, **more: Any) -> TypeEntry:
    return TypeEntry(name=name, title=name.title(), params_schema={"type": "object"}, **more)


def worker(name: str, *types: str) -> WorkerEntry:
    return WorkerEntry(id=name, types=list(types), queues=["default"], concurrency=2, started_at="")


def test_a_type_is_read_back_as_it_was_published(catalogue: Catalogue) -> None:
    rich = entry("b", example={"n": 1}, queue="slow", timeout_seconds=1.5, steps=[StepPlan(name="s", title="S")])
    catalogue.publish([rich, entry("a")])

    assert catalogue.types() == {"a": entry("a"), "b": rich}
    assert list(catalogue.types()) == ["a", "b"]


def test_types_outlive_the_workers_that_published_them(catalogue: Catalogue) -> None:
    catalogue.publish([entry("a")])
    catalogue.beat(worker("w", "a"))
    catalogue.leave("w")
    catalogue.publish([])

    assert set(catalogue.types()) == {"a"}
    assert (catalogue.served(), catalogue.workers()) == (set(), [])


def test_a_worker_hears_whether_it_was_known(catalogue: Catalogue, client: Any) -> None:
    beats = [catalogue.beat(worker("w", "a")) for _ in range(2)]
    client.flushall()

    assert [*beats, catalogue.beat(worker("w", "a"))] == [True, False, True]


def test_a_type_published_again_is_replaced(catalogue: Catalogue) -> None:
    catalogue.publish([entry("a"), entry("b")])
    catalogue.publish([entry("a", queue="slow")])

    assert {name: kind.queue for name, kind in catalogue.types().items()} == {"a": "slow", "b": "default"}


def test_served_is_what_living_workers_carry(catalogue: Catalogue) -> None:
    catalogue.beat(worker("one", "a", "b"))
    catalogue.beat(worker("two", "b", "c"))

    assert catalogue.served() == {"a", "b", "c"}
    catalogue.leave("one")
    assert catalogue.served() == {"b", "c"}


def test_a_worker_that_is_just_leaving_is_passed_over(client: Any, catalogue: Catalogue) -> None:
    for name in ("one", "two"):
        catalogue.beat(worker(name, name))
    client.hdel(keys.WORKERS, "one")
    assert catalogue.served() == {"two"}


def test_a_worker_that_has_not_beaten_for_a_lease_is_gone_and_the_next_beat_clears_it_away(client: Any) -> None:
    hasty, lasting = Catalogue(client, lease_seconds=0.1), Catalogue(client, lease_seconds=60)
    hasty.beat(worker("dead", "a"))
    assert hasty.served() == {"a"}
    wait_for(lambda: not hasty.served())

    lasting.beat(worker("living", "b"))
    assert client.hkeys(keys.WORKERS) == client.zrange(keys.BEATS, 0, -1) == [b"living"]

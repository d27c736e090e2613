import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from jobs.connect import redis_client
from jobs.doorbell import FOREIGN, TASK, CeleryDoorbell, celery_app, celery_queue
from jobs.rings import Ring, Rings
from tests.jobs.conftest import Clients

QUEUE = celery_queue("slow")


@pytest.fixture
def app(redis_url: str) -> Iterator[Celery]:
    made = celery_app(redis_url)
    yield made
    made.close()


def without_ids(text: str | bytes) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(text)
    ids = [message["headers"].pop("id"), message["headers"].pop("root_id"), message["properties"].pop("correlation_id")]
    assert len(set(ids)) == 1
    assert message["properties"].pop("delivery_tag") not in ids
    return message


def test_a_ring_is_what_celery_would_have_sent_but_for_its_ids(redis_url: str, clients: Clients, app: Celery) -> None:
    client = clients(redis_url)
    ring = Rings(app, TASK, client).ring(QUEUE, "slow")
    assert client.llen(QUEUE) == 0, "asking how it is written rings for nobody"
    app.send_task(TASK, args=["slow"], queue=QUEUE, ignore_result=True)
    [sent] = client.lrange(QUEUE, 0, -1)

    assert ring is not None
    assert ring.key == QUEUE
    assert without_ids(ring.text) == without_ids(sent)


def test_no_two_rings_share_an_id(redis_url: str, clients: Clients, app: Celery) -> None:
    rings = Rings(app, TASK, clients(redis_url))
    texts = [ring.text for _ in range(3) if (ring := rings.ring(QUEUE, "slow"))]
    messages = [json.loads(text) for text in texts]
    ids = {message["headers"]["id"] for message in messages} | {m["properties"]["delivery_tag"] for m in messages}

    assert len(ids) == 6


def test_each_queue_has_rings_of_its_own(redis_url: str, clients: Clients, app: Celery) -> None:
    bell = CeleryDoorbell(app, clients(redis_url))
    found = [ring.key for queue in ("slow", "fast") if (ring := bell.spell(queue))]

    assert found == [celery_queue("slow"), celery_queue("fast")]


def test_the_queue_of_a_projects_own_tasks_has_no_ring(redis_url: str, clients: Clients, app: Celery) -> None:
    assert CeleryDoorbell(app, clients(redis_url)).spell(f"{FOREIGN}theirs") is None
    assert CeleryDoorbell(app).spell("slow") is None


@pytest.mark.parametrize("elsewhere", ["redis://127.0.0.1:{port}/1", "redis://127.0.0.1:1/0"])
def test_where_rings_lie_in_another_place_than_jobs_they_go_through_celery(
    redis_url: str, app: Celery, elsewhere: str
) -> None:
    port = redis_url.rpartition(":")[2].partition("/")[0]
    assert Rings(app, TASK, redis_client(elsewhere.format(port=port))).ring(QUEUE, "slow") is None


def test_an_address_may_leave_out_what_is_usual(redis_url: str) -> None:
    bare = redis_url.removesuffix("/0")
    app = celery_app(bare)

    assert Rings(app, TASK, redis_client(bare)).ring(QUEUE, "slow")
    app.close()


def test_a_broker_that_could_not_be_asked_is_asked_again(
    redis_url: str, clients: Clients, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    rings = Rings(app, TASK, clients(redis_url))
    with monkeypatch.context() as patched:
        patched.setattr(app, "send_task", away)
        assert rings.ring(QUEUE, "slow") is None

    assert isinstance(rings.ring(QUEUE, "slow"), Ring)

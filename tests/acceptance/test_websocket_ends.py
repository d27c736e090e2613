"""Who may open a WebSocket and what they may say there, and the codes of the ends that are not the job's."""

import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.acceptance.conftest import JOBS
from tests.service import Service, free_port, running_service, wait_for
from tests.sockets import address, told

pytestmark = pytest.mark.acceptance

TOKEN = "a token of these tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Service]:
    """A service with a token, for tests of which the last ones break it."""
    with running_service(worker=1, durable=True, TAILRACE_TOKEN=TOKEN, **JOBS) as running:
        running.client.headers.update(BEARER)
        yield running


@pytest.fixture
def job(guarded: Service) -> Iterator[dict[str, str]]:
    """A job that goes on, and the address of its events: with its token, and without one."""
    submitted = guarded.submit("steady", count=2, pause=600)
    guarded.wait(submitted["id"], "running")
    signed = guarded.url.replace("http", "ws") + submitted["links"]["events"]
    yield {"id": submitted["id"], "signed": signed, "bare": signed.partition("?")[0]}
    guarded.client.post(f"/v1/jobs/{submitted['id']}/cancel", json={"grace_seconds": 0})


def ending(client: ClientConnection) -> tuple[str, dict[str, object], int | None]:
    """The last event, its data, and the code of the close frame behind it."""
    *_, last = told(client)
    return last["type"], last["data"], client.close_code


def is_refused(url: str) -> bool:
    try:
        with connect(url, additional_headers=BEARER) as client:
            assert ending(client)[::2] == ("stream.end", 1000)
    except InvalidStatus as refused:
        return refused.response.status_code == 404
    return False


def test_without_a_token_nothing_is_opened(guarded: Service, job: dict[str, str]) -> None:
    for url in (
        job["bare"],
        job["bare"] + "?token=rubbish",
        job["signed"].replace(job["id"], guarded.submit("hello")["id"]),
    ):
        with pytest.raises(InvalidStatus) as refused, connect(url):
            pass
        assert refused.value.response.status_code in {401, 403}


def test_a_token_for_reading_reads_and_does_not_cancel(guarded: Service, job: dict[str, str]) -> None:
    with connect(job["signed"]) as client:
        client.send('{"action": "cancel"}')
        refused = next(event for event in told(client) if event["type"] == "stream.refused")
        assert (refused["data"]["action"], refused["data"]["code"]) == ("cancel", "forbidden")
        cursor = guarded.job(job["id"])["cursor"]
        client.send(json.dumps({"action": "ack", "cursor": cursor}))
        client.ping().wait(10)
    assert guarded.job(job["id"])["state"] == "running"


def test_the_services_own_token_cancels(guarded: Service, job: dict[str, str]) -> None:
    with connect(job["bare"], additional_headers=BEARER) as client:
        client.send('{"action": "cancel", "grace_seconds": 0.2}')
        assert ending(client)[::2] == ("stream.end", 1000)
    assert guarded.job(job["id"])["state"] == "cancelled"


def test_a_deleted_job_is_a_normal_end(guarded: Service) -> None:
    job_id = guarded.submit("hello")["id"]
    guarded.wait(job_id)
    with connect(address(guarded, job_id), additional_headers=BEARER) as client:
        assert ending(client)[::2] == ("stream.end", 1000)
    assert guarded.client.delete(f"/v1/jobs/{job_id}").status_code == 204
    #: For a tenth of a second what was read of the job serves those who come after.
    wait_for(lambda: is_refused(address(guarded, job_id)), what="the job to be forgotten")


@pytest.fixture(scope="module")
def narrow(guarded: Service) -> str:
    """The address of a second web process with room for one stream, which it soon rotates."""
    port = free_port()
    guarded.web(port=port, TAILRACE_MAX_STREAMS="1", TAILRACE_ROTATE_SECONDS="3")
    return f"ws://127.0.0.1:{port}"


def test_a_process_that_is_full_says_so_and_one_whose_time_is_up_too(job: dict[str, str], narrow: str) -> None:
    path = job["signed"].partition("/v1")
    with connect(narrow + "/v1" + path[2]) as first:
        with connect(narrow + "/v1" + path[2]) as second:
            name, data, code = ending(second)
        assert (name, data["alternative"], code) == ("stream.overloaded", "long-poll", 4003)
        name, data, code = ending(first)
    assert (name, data["reason"], code) == ("stream.reconnect", "rotate", 4001)


def test_a_process_that_is_stopped_sends_its_clients_elsewhere(guarded: Service, job: dict[str, str]) -> None:
    web = next(process for process in guarded.processes if process.name.startswith("web"))
    with connect(job["signed"]) as client:
        next(told(client))
        web.popen.terminate()
        name, data, code = ending(client)
    assert (name, data["reason"], code) == ("stream.reconnect", "drain", 4002)
    web.stop()
    guarded.web()


def test_while_redis_is_away_a_client_is_told_to_come_back_and_what_cannot_be_done(
    guarded: Service, job: dict[str, str]
) -> None:
    with connect(job["bare"], additional_headers=BEARER) as early:
        next(told(early))
        other = guarded.submit("hello")["id"]
        guarded.redis.kill()
        with connect(address(guarded, other), additional_headers=BEARER) as client:
            name, data, code = ending(client)
        early.send('{"action": "cancel"}')
        refused = next(event for event in told(early) if event["type"] == "stream.refused")
    guarded.redis.start()
    assert refused["data"]["code"] == "unavailable"
    assert (name, data["reason"], code) == ("stream.reconnect", "redis_away", 4004)

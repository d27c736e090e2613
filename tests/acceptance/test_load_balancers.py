"""The files in deploy/ under the real nginx, HAProxy and Caddy, with two web processes behind."""

import asyncio
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import httpx_sse
import psutil
import pytest
from websockets.sync.client import connect

from jobs.settings import Settings
from tests.acceptance.balancers import KINDS, Balancer, balancer, installed, source
from tests.acceptance.conftest import HERE
from tests.acceptance.mirror import Mirror
from tests.acceptance.rolling import READERS, Crowd
from tests.service import Process, Service, T, free_port, redis_server, wait_for

pytestmark = pytest.mark.acceptance

ENV = {
    "TAILRACE_JOBS": "worker.catalogue,jobs_for_tests,jobs_on_cue",
    "PYTHONPATH": HERE,
    "TAILRACE_CONCURRENCY": "6",
    "TAILRACE_HEARTBEAT_SECONDS": "0.7",
    "TAILRACE_MAX_FILE_BYTES": "2000000",
    "TAILRACE_TOKEN": "a-token-that-nobody-logs",
}
TOKEN = {"Authorization": f"Bearer {ENV['TAILRACE_TOKEN']}"}
ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "long-poll": "application/json"}


class Tier(Service):
    """Two web processes, each on a port of its own."""

    def both(self) -> None:
        self.ports = (self.port, free_port())
        self.client.headers.update(TOKEN)
        self.webs = [self.web(port=port) for port in self.ports]


@pytest.fixture(scope="module")
def tier() -> Iterator[Tier]:
    with redis_server() as server:
        running = Tier(server, env=ENV)
        try:
            running.worker()
            running.both()
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="module", params=KINDS)
def front(request: pytest.FixtureRequest, tier: Tier) -> Iterator[Balancer]:
    with balancer(request.param, tier.ports) as running:
        yield running


@pytest.fixture(scope="module")
def looking_glass() -> Iterator[Mirror]:
    mirror = Mirror()
    yield mirror
    mirror.close()


@pytest.fixture(scope="module", params=KINDS)
def before_mirror(request: pytest.FixtureRequest, looking_glass: Mirror) -> Iterator[Balancer]:
    with balancer(request.param, (looking_glass.port, looking_glass.port)) as running:
        yield running


def cue(folder: Path, n: int) -> None:
    (folder / str(n)).touch()


def submit(front: Balancer, kind: str, **params: object) -> dict[str, object]:
    answer = httpx.post(f"{front.url}/v1/jobs", json={"type": kind, "params": params}, headers=TOKEN)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def address(front: Balancer, job: dict[str, object]) -> str:
    return f"{front.url}/v1/jobs/{job['id']}/events"


def items(lines: Iterator[str]) -> Iterator[str]:
    """The keys of the items as they arrive, from SSE or NDJSON alike."""
    for line in lines:
        text = line.removeprefix("data: ")
        if text.startswith("{") and (event := json.loads(text))["type"] == "item":
            yield event["data"]["key"]


# Promptness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["sse", "ndjson"])
def test_an_event_arrives_before_the_next_is_written(front: Balancer, tmp_path: Path, transport: str) -> None:
    job = submit(front, "on_cue", folder=str(tmp_path))
    headers = {**TOKEN, "Accept": ACCEPT[transport], "Accept-Encoding": "gzip, br"}
    with httpx.stream("GET", f"{address(front, job)}?after=0", headers=headers, timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith(ACCEPT[transport])
        assert "Content-Encoding" not in stream.headers
        arriving = items(stream.iter_lines())
        for n in (1, 2, 3):
            cue(tmp_path, n)
            assert next(arriving) == f"item {n}"


def test_a_submit_that_is_answered_with_a_stream_is_not_held_back(front: Balancer, tmp_path: Path) -> None:
    body = {"type": "on_cue", "params": {"folder": str(tmp_path)}}
    headers = {**TOKEN, "Accept": ACCEPT["sse"]}
    with httpx.stream("POST", f"{front.url}/v1/jobs", json=body, headers=headers, timeout=20) as stream:
        arriving = items(stream.iter_lines())
        for n in (1, 2, 3):
            cue(tmp_path, n)
            assert next(arriving) == f"item {n}"


def test_a_long_poll_is_answered_before_the_next_event_is_written(front: Balancer, tmp_path: Path) -> None:
    job = submit(front, "on_cue", folder=str(tmp_path))
    cursor, headers = "0", {**TOKEN, "Accept": ACCEPT["long-poll"]}
    with httpx.Client(headers=headers, timeout=40) as client:
        for n in (1, 2, 3):
            cue(tmp_path, n)
            told: list[str] = []
            while f"item {n}" not in told:
                page = client.get(address(front, job), params={"after": cursor, "wait": 30}).json()
                cursor = page["cursor"]
                told += [event["data"]["key"] for event in page["events"] if event["type"] == "item"]


def test_a_websocket_is_prompt_and_its_client_is_heard(front: Balancer, tmp_path: Path) -> None:
    job = submit(front, "on_cue", folder=str(tmp_path))
    with connect(f"{address(front, job)}?after=0".replace("http:", "ws:"), additional_headers=TOKEN) as client:
        told = map(json.loads, client)
        for n in (1, 2):
            cue(tmp_path, n)
            assert next(event for event in told if event["type"] == "item")["data"]["key"] == f"item {n}"
        client.send('{"action": "cancel"}')
        assert "job.cancelled" in [event["type"] for event in told]
    assert client.close_code == 1000


def impatient(kind: str, patience: str) -> str:
    """The file of *kind* with other timeouts for silence, and without Caddy's time to look for another process."""
    return re.sub(r"\b75s", patience, source(kind)).replace("lb_try_duration 3s", "lb_try_duration 100ms")


# Silence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_timeout_on_a_stream_is_five_heartbeats_and_more_than_a_long_poll(kind: str) -> None:
    names = {
        "nginx": r"proxy_read_timeout|send_timeout|proxy_send_timeout",
        "haproxy": r"timeout (?:client|server|tunnel)",
        "caddy": r"read_timeout|response_header_timeout",
    }
    found = re.findall(rf"(?m)^\s*(?:{names[kind]}) +(\d+)s;?$", source(kind))
    assert len(found) >= 3
    heartbeat = Settings(redis_url="redis://", broker_url="redis://").heartbeat_seconds
    assert min(map(int, found)) >= max(5 * heartbeat, 60 + heartbeat)


@pytest.mark.parametrize("kind", KINDS)
def test_heartbeats_carry_a_silent_stream_past_the_patience_that_ends_a_silent_answer(
    kind: str, tier: Tier, tmp_path: Path
) -> None:
    with balancer(kind, tier.ports, text=impatient(kind, "2s")) as front:
        job = submit(front, "on_cue", folder=str(tmp_path))
        url, accept = address(front, job), {**TOKEN, "Accept": ACCEPT["long-poll"]}
        cursor = wait_for(lambda: tier.job(str(job["id"]))["state"] == "running" and tier.job(str(job["id"]))["cursor"])
        with httpx.stream("GET", f"{url}?after={cursor}", headers=TOKEN, timeout=20) as stream:
            assert httpx.get(f"{url}?after={cursor}&wait=10", headers=accept, timeout=20).status_code >= 500
            cue(tmp_path, 1)
            assert next(items(stream.iter_lines())) == "item 1"
        for n in (2, 3):
            cue(tmp_path, n)


# What passes -----------------------------------------------------------------------------------------------------


def test_the_service_is_told_who_asks_and_by_which_name(before_mirror: Balancer) -> None:
    claimed = {"Host": "tailrace.example.org:8443", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.example"}
    seen = httpx.get(f"{before_mirror.url}/v1/jobs?limit=1&q=%2F", headers=claimed).json()
    assert seen["request"] == "GET /v1/jobs?limit=1&q=%2F HTTP/1.1"
    assert seen["headers"]["host"] == seen["headers"]["x-forwarded-host"] == "tailrace.example.org:8443"
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert seen["headers"]["x-forwarded-proto"] == "http"


def test_of_addresses_that_a_client_claims_the_last_is_the_balancers_own_word(before_mirror: Balancer) -> None:
    seen = httpx.get(before_mirror.url, headers={"X-Forwarded-For": "203.0.113.7"}).json()
    assert re.split(r", *", seen["headers"]["x-forwarded-for"])[-1] == "127.0.0.1"


def test_an_upload_reaches_the_service_while_it_is_sent(before_mirror: Balancer, looking_glass: Mirror) -> None:
    size = 300_000
    looking_glass.arrived = 0
    with socket.create_connection(("127.0.0.1", before_mirror.port), timeout=10) as client:
        head = f"POST /v1/files?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
        client.sendall(head.encode() + bytes(size - 1))
        wait_for(lambda: looking_glass.arrived >= size // 2, what="the body to arrive before its end")
        client.sendall(b"x")
        assert client.makefile("rb").readline().startswith(b"HTTP/1.1 200 ")
    assert looking_glass.arrived == size


def test_an_upload_is_stored_and_one_too_large_is_refused_by_the_service(front: Balancer) -> None:
    url = f"{front.url}/v1/files?name=a.bin"
    assert httpx.post(url, content=bytes(1_900_000), headers=TOKEN).json()["bytes"] == 1_900_000
    refused = httpx.post(url, content=bytes(2_000_001), headers=TOKEN)
    assert refused.status_code == 413
    assert refused.json()["code"] == "too_large"


def test_conditions_and_ranges_pass(front: Balancer, tmp_path: Path) -> None:
    for n in (1, 2, 3):
        cue(tmp_path, n)
    job = submit(front, "on_cue", folder=str(tmp_path))
    with httpx.Client(base_url=front.url, headers=TOKEN, timeout=20) as client:
        wait_for(lambda: (whole := client.get(f"/v1/jobs/{job['id']}")).json()["state"] == "succeeded" and whole)
        whole = client.get(f"/v1/jobs/{job['id']}")
        again = client.get(f"/v1/jobs/{job['id']}", headers={"If-None-Match": whole.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        file = f"/v1/jobs/{job['id']}/artifacts/items.txt"
        part = client.get(file, headers={"Range": "bytes=7-12"})
        assert (part.status_code, part.text) == (206, "item 2")
        kept = client.get(file, headers={"If-None-Match": client.get(file).headers["ETag"]})
        assert kept.status_code == 304


def test_pages_and_answers_are_compressed_where_the_client_asks(front: Balancer) -> None:
    answer = httpx.get(f"{front.url}/v1/openapi.json", headers={**TOKEN, "Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["openapi"]


def test_a_streams_token_reaches_no_log(front: Balancer, tmp_path: Path) -> None:
    job = submit(front, "on_cue", folder=str(tmp_path))
    href = dict(job["links"])["events"]  # type: ignore[call-overload]
    secret = href.partition("token=")[2]
    with httpx.stream("GET", f"{front.url}{href}") as stream:
        assert stream.status_code == 200
    for n in (1, 2, 3):
        cue(tmp_path, n)
    wait_for(lambda: str(job["id"]) in front.told(), what="the request in the log")
    assert secret
    assert secret not in front.told()


def test_a_client_that_goes_is_gone_for_the_service_too(front: Balancer, tier: Tier, tmp_path: Path) -> None:
    job = submit(front, "on_cue", folder=str(tmp_path))
    lines = [f"GET /v1/jobs/{job['id']}/events HTTP/1.1", "Host: localhost", f"Authorization: {TOKEN['Authorization']}"]
    ask = "\r\n".join([*lines, "", ""])
    streams = [socket.create_connection(("127.0.0.1", front.port)) for _ in range(8)]
    for client in streams:
        client.sendall(ask.encode())
    wait_for(lambda: open_streams(tier) >= [4, 4], what="the streams to be spread over both")
    for client in streams:
        client.close()
    wait_for(lambda: open_streams(tier) == [0, 0], what="the streams to end")
    for n in (1, 2, 3):
        cue(tmp_path, n)


def open_streams(tier: Tier, *which: int) -> list[float]:
    """How many streams each web process, or each of *which*, carries."""
    ports = [tier.ports[n] for n in which or (0, 1)]
    texts = [httpx.get(f"http://127.0.0.1:{port}/metrics", headers=TOKEN).text for port in ports]
    found = [re.findall(r"(?m)^tailrace_streams_open\S* (\S+)$", text) for text in texts]
    return [sum(map(float, figures)) for figures in found]


@pytest.mark.parametrize("kind", KINDS)
def test_while_no_process_answers_an_eventsource_is_told_to_come_back_and_others_get_a_problem(kind: str) -> None:
    path = "/v1/jobs/01kq3c8v5e0z7m1r2s3t4v5w6x/events"
    nobody = (free_port(), free_port())
    with (
        balancer(kind, nobody, text=impatient(kind, "75s")) as front,
        httpx.Client(base_url=front.url, timeout=20) as client,
    ):
        with httpx_sse.connect_sse(client, "GET", path) as source:
            assert source.response.status_code == 200
            [event] = source.iter_sse()
        told = json.loads(event.data)
        assert (event.event, told["data"]["reason"], told["job"]) == ("stream.reconnect", "away", path.split("/")[3])
        assert event.retry == told["data"]["retry_ms"] >= 1000
        for refused in (
            client.get(path, headers={"Accept": ACCEPT["long-poll"]}),
            client.get("/v1/jobs"),
            client.post("/v1/jobs", json={}),
        ):
            assert refused.status_code == 503
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert refused.headers["Retry-After"]
            assert refused.json()["code"] == "unavailable"


# Processes that stop ---------------------------------------------------------------------------------------------


@dataclass
class Story:
    """What happened behind each load balancer: why streams ended, what calls were answered, what readers saw."""

    drained: dict[str, Counter[str]]
    answers: dict[str, Counter[str]]
    killed: dict[str, Counter[str]]
    seen: dict[str, list[list[int]]]
    whole: list[int]


@pytest.fixture(scope="module")
def story(tier: Tier) -> Iterator[Story]:
    """All at once before the same two processes: one is told to stop and comes back, then the other is killed."""
    with ExitStack() as stack:
        fronts = {kind: stack.enter_context(balancer(kind, tier.ports)) for kind in KINDS if installed(kind)}
        yield asyncio.run(_lived_through(tier, {kind: front.url for kind, front in fronts.items()}))


async def _lived_through(tier: Tier, bases: dict[str, str]) -> Story:
    ended = tier.wait(tier.submit("steady", count=1)["id"])["id"]
    job = tier.submit("steady", count=100_000, pause=0.02)["id"]
    first, second = tier.webs
    async with Crowd(bases, job, ended, TOKEN) as crowd:
        await asyncio.to_thread(wait_for, lambda: sum(open_streams(tier)) == READERS * len(bases))
        await asyncio.to_thread(first.stop)
        await asyncio.to_thread(wait_for, lambda: sum(open_streams(tier, 1)) == READERS * len(bases))
        drained = {kind: crowd.told(kind) for kind in bases}
        tier.webs[0] = await asyncio.to_thread(tier.web, port=tier.ports[0])
        crowd.hold_changes()
        await asyncio.sleep(1.5)  # two looks at /readyz, by which HAProxy and Caddy take a process in again
        kill(second)
        await asyncio.to_thread(wait_for, lambda: open_streams(tier, 0) == [READERS * len(bases)])
        tier.client.post(f"/v1/jobs/{job}/cancel")
    tier.webs[1] = tier.web(port=tier.ports[1])
    killed = {kind: crowd.told(kind) - drained[kind] for kind in bases}
    answers = {kind: sum((caller.answers for caller in crowd.callers[kind]), Counter()) for kind in bases}
    seen = {kind: [reader.seqs for reader in crowd.readers[kind]] for kind in bases}
    return Story(drained, answers, killed, seen, [event["seq"] for event in tier.events(job)])


def kill(web: Process) -> None:
    """The whole of it at once: gunicorn's worker would otherwise notice, and leave in good order."""
    for process in [*web.children(), psutil.Process(web.pid)]:
        process.kill()
    web.popen.wait()


def of(kind: str, found: dict[str, T]) -> T:
    if kind not in found:
        pytest.skip(f"there is no {kind} here")
    return found[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_stream_of_a_process_that_stops_is_told_to_go_to_another_one(story: Story, kind: str) -> None:
    told = of(kind, story.drained)
    assert set(told) == {"drain"}
    assert told["drain"] >= READERS // 4


@pytest.mark.parametrize("kind", KINDS)
def test_streams_of_a_process_that_is_killed_go_on_at_another_one(story: Story, kind: str) -> None:
    told = of(kind, story.killed)
    assert told["cut"] >= READERS // 4
    assert set(told) == {"cut", "terminal"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_has_seen_the_whole_log_once(story: Story, kind: str) -> None:
    assert story.whole == list(range(1, len(story.whole) + 1))
    assert all(seqs == story.whole for seqs in of(kind, story.seen))


@pytest.mark.parametrize("kind", KINDS)
def test_no_call_fails_while_processes_come_and_go(story: Story, kind: str) -> None:
    assert set(of(kind, story.answers)) == {"GET 200", "POST 200"}

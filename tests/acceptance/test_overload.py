"""What a client sees at each level of degradation, forced upon real web processes side by side."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.acceptance.conftest import JOBS
from tests.service import Service, free_port, running_service, wait_for

pytestmark = pytest.mark.acceptance

TURNS, LINES = 60, 40
NDJSON, SSE = {"Accept": "application/x-ndjson"}, {"Accept": "text/event-stream"}
CALM = {"step.progress", "metric", "output.delta", "log", "job.progress"}


@dataclass
class House:
    """A service that has one web process for each level."""

    service: Service
    ports: list[int] = field(default_factory=list)

    def url(self, level: int, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[level]}{path}"

    def figure(self, level: int, name: str) -> float:
        lines = httpx.get(self.url(level, "/metrics")).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@dataclass
class Seen:
    """What one stream has told."""

    envelopes: list[dict[str, Any]]

    def every(self, *types: str) -> list[dict[str, Any]]:
        return [envelope for envelope in self.envelopes if envelope["type"] in types]

    @property
    def facts(self) -> list[dict[str, Any]]:
        return [envelope for envelope in self.envelopes if "seq" in envelope]

    @property
    def text(self) -> str:
        text = ""
        for delta in self.every("output.delta"):
            assert delta["data"]["offset"] == len(text)
            text += delta["data"]["text"]
        return text


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_service(web=0, worker=1, **JOBS) as service:
        made = House(service)
        for level in range(5):
            made.ports.append(service.port if level == 0 else free_port())
            service.web(port=made.ports[level], TAILRACE_DEGRADATION_LEVEL=str(level))
        yield made


@pytest.fixture(scope="module")
def seen(house: House) -> list[Seen]:
    """One job as it was told at the levels 0 to 3."""
    job_id = house.service.submit("chatty", turns=TURNS)["id"]

    def follow(level: int) -> Seen:
        url = house.url(level, f"/v1/jobs/{job_id}/events?after=0")
        with httpx.stream("GET", url, headers=NDJSON, timeout=60) as answer:
            return Seen([json.loads(line) for line in answer.iter_lines() if line])

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(follow, range(4)))


# Streams ---------------------------------------------------------------------------------------------------------


def test_at_every_level_nothing_is_lost_and_nothing_is_told_twice(seen: list[Seen]) -> None:
    for each in seen:
        ranges = [(fact.get("from", fact["seq"]), fact["seq"]) for fact in each.facts]
        told = [seq for first, last in ranges for seq in range(first, last + 1)]
        assert told == list(range(1, len(told) + 1))
        assert each.text == "".join(f"{turn} " for turn in range(0, TURNS, 5))
        assert each.envelopes[-1]["type"] == "stream.end"
        assert each.every("step.progress")[-1]["data"]["done"] == TURNS


def test_what_matters_is_told_at_every_level_just_as_it_is(seen: list[Seen]) -> None:
    def what_matters(each: Seen) -> list[tuple[str, dict[str, Any]]]:
        return [(fact["id"], fact["data"]) for fact in each.facts if fact["type"] not in CALM]

    assert len(what_matters(seen[0])) >= TURNS // 20
    assert all(what_matters(each) == what_matters(seen[0]) for each in seen)


def test_a_stream_is_told_the_level_and_why(seen: list[Seen]) -> None:
    told = [[event["data"] for event in each.every("stream.degraded")] for each in seen]
    assert told[0] == []
    for level, interval in ((1, 250), (2, 1000), (3, 5000)):
        assert told[level] == [{"level": level, "min_interval_ms": interval, "reason": "setting"}]


def test_each_level_tells_less(seen: list[Seen]) -> None:
    counts = [Counter(fact["type"] for fact in each.facts) for each in seen]
    progress = [count["step.progress"] for count in counts]
    #: How much less depends on how fast the job gets on here.
    assert progress[0] >= progress[1] >= max(progress[2:])
    assert progress[0] > progress[3]
    assert counts[0]["output.delta"] == counts[1]["output.delta"] > counts[2]["output.delta"] >= 1


def test_from_level_two_on_lines_are_counted_instead_of_told(seen: list[Seen]) -> None:
    for each in seen[:2]:
        assert len(each.every("log")) == LINES
    for each in seen[2:]:
        [summary] = [line for line in each.every("log") if "fields" in line["data"]]
        assert summary["data"]["fields"]["left_out"] + len(each.every("log")) - 1 == LINES


# New streams at level 4 ------------------------------------------------------------------------------------------


def test_a_new_stream_is_sent_away_to_poll_in_a_way_that_an_eventsource_survives(house: House) -> None:
    job_id = house.service.submit("chatty", turns=1)["id"]
    answer = httpx.get(house.url(4, f"/v1/jobs/{job_id}/events"), headers=SSE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    retry, event, data = answer.text.strip().splitlines()
    assert event == "event: stream.overloaded"
    told = json.loads(data.removeprefix("data: "))["data"]
    assert told == {"alternative": "long-poll", "reason": "load", "retry_ms": told["retry_ms"]}
    assert retry == f"retry: {told['retry_ms']}"
    assert house.figure(4, "tailrace_streams_refused_total") >= 1


def test_whoever_is_sent_away_leaves_no_connection_behind(house: House) -> None:
    """It would be one of those that are kept for calls, for as long as the client likes."""
    job_id = house.service.submit("chatty", turns=1)["id"]
    request = f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
    with socket.create_connection(("127.0.0.1", house.ports[4]), timeout=20) as client:
        client.sendall(request.encode())
        answer = b""
        while data := client.recv(4096):
            answer += data
    assert b"stream.overloaded" in answer
    assert b"\r\nConnection: close\r\n" in answer


def test_polling_and_everything_else_go_on_at_every_level(house: House) -> None:
    with httpx.Client(base_url=house.url(4, ""), timeout=30) as client:
        assert client.get("/readyz").status_code == client.get("/livez").status_code == 200
        job_id = client.post("/v1/jobs", json={"type": "chatty", "params": {"turns": 5}}).json()["id"]
        after, seqs, end = "0", [], False
        while not end:
            page = client.get(
                f"/v1/jobs/{job_id}/events?after={after}&wait=20", headers={"Accept": "application/json"}
            ).json()
            seqs += [event["seq"] for event in page["events"]]
            after, end = page["cursor"], page["end"]
        assert seqs == list(range(1, len(seqs) + 1))


def test_jobs_learn_of_the_highest_level(house: House) -> None:
    wait_for(lambda: house.service.wait(house.service.submit("chatty", turns=1)["id"])["result"] == 4, what="level 4")


def test_the_level_is_among_the_figures(house: House) -> None:
    assert [house.figure(level, "tailrace_degradation_level") for level in range(5)] == [0, 1, 2, 3, 4]

"""Many jobs over one connection, as gunicorn really serves them: cut anywhere, resumed, and through what may break."""

import contextlib
import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from websockets.sync.client import connect

from tests.acceptance.readers import EventSource
from tests.service import Service, running_service, wait_for
from tests.sockets import told

pytestmark = pytest.mark.acceptance

JSON = {"Accept": "application/json"}
NDJSON = {"Accept": "application/x-ndjson"}


def reader_of(service: Service, query: str, *, seed: int) -> EventSource:
    """Follows what *query* chooses from its begin; cuts its connection itself now and then."""
    return EventSource(f"{service.url}/v1/events?{query}", after="0", cuts=random.Random(seed))


def labelled(service: Service, count: int, pause: float = 0.01, team: str = "a") -> str:
    body = {"type": "steady", "params": {"count": count, "pause": pause}, "labels": {"team": team}}
    answer = service.client.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def page(service: Service, query: str, number: int = 200) -> dict[str, Any]:
    answer = service.client.get(f"/v1/events?{query}", headers=JSON)
    assert answer.status_code == number, answer.text
    return dict(answer.json())


def last(service: Service) -> str:
    return str(page(service, "after=latest")["cursor"])


# Through cuts and faults -----------------------------------------------------------------------------------------


@pytest.fixture
def fragile() -> Iterator[Service]:
    from tests.acceptance.conftest import JOBS

    with running_service(worker=2, durable=True, TAILRACE_HEARTBEAT_SECONDS="0.5", **JOBS) as running:
        yield running


def restart_web(service: Service) -> None:
    web = next(process for process in service.processes if process.name.startswith("web") and not process.popen.poll())
    family = web.children()
    web.kill()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    service.web()


def test_whatever_breaks_each_reader_of_many_jobs_is_told_what_their_logs_say(fragile: Service) -> None:
    jobs = [labelled(fragile, 450, 0.02) for _ in range(3)]
    named = [reader_of(fragile, f"jobs={','.join(jobs)}", seed=seed) for seed in range(4)]
    every = [reader_of(fragile, query, seed=9) for query in ("label=team:a", "type=steady", "")]
    with contextlib.ExitStack() as stack:
        for reader in (*named, *every):
            stack.enter_context(reader)
        logs = broken(fragile, jobs, named, every)

    for reader in (*named, *every):
        assert reader.breaks > 3
        for job_id in jobs[:3] if reader in named else jobs:
            told = reader.of(job_id)
            assert len({each["id"] for each in told}) == len(told), "never twice"
            if not reader.gaps:
                assert told == logs[job_id]


def broken(fragile: Service, jobs: list[str], named: list[EventSource], every: list[EventSource]) -> dict[str, Any]:
    """Breaks the service under its readers; gives the logs, once every reader has read to the end."""
    wait_for(lambda: all(reader.seen for reader in (*named, *every)), what="the first events")
    restart_web(fragile)
    jobs.append(labelled(fragile, 150, 0.02))
    other = labelled(fragile, 1, team="b")
    wait_for(lambda: all(reader.of(jobs[-1]) for reader in every), what="the job that began later")
    time.sleep(1.2)  # the append-only file is written each second: what is older must survive, younger may
    fragile.redis.kill()
    fragile.redis.start()
    for job_id in (*jobs, other):
        fragile.wait(job_id, seconds=60)
    logs = {job_id: fragile.events(job_id) for job_id in (*jobs, other)}
    for reader in named:
        reader.join(30)
        assert reader.ended
        assert reader.of(other) == []
    wait_for(lambda: all(len(ends(reader)) >= len(jobs) for reader in every), what="every end")
    return logs


def ends(reader: EventSource) -> set[str]:
    return {each["job"] for each in reader.seen if each["type"] == "job.succeeded"} | {
        job_id for job_id in {each["job"] for each in reader.seen} if reader.gaps
    }


# One URL, every transport ----------------------------------------------------------------------------------------


def test_the_last_cursor_is_answered_by_204_and_an_end(wide_service: Service) -> None:
    jobs = [wide_service.submit("steady", count=2)["id"] for _ in range(2)]
    url = f"/v1/events?jobs={','.join(jobs)}"
    with EventSource(wide_service.url + url) as reader:
        reader.join(20)

    assert reader.reason == "terminal"
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(reader.after)}
    assert wide_service.client.get(url, headers=headers).status_code == 204
    ended = page(wide_service, f"jobs={','.join(jobs)}&after={reader.after}")
    assert (ended["events"], ended["end"], ended["cursor"]) == ([], True, reader.after)


def test_a_stream_of_jobs_that_end_is_ended_and_not_cut(wide_service: Service) -> None:
    jobs = [wide_service.submit("steady", count=20, pause=0.01)["id"] for _ in range(2)]
    text = wide_service.client.get(f"/v1/events?jobs={jobs[0]}&jobs={jobs[1]}&after=0", headers=NDJSON).text
    told = [json.loads(line) for line in text.split("\n") if line]

    assert (told[0]["type"], told[-1]["type"], told[-1]["data"]) == (
        "stream.open",
        "stream.end",
        {"reason": "terminal"},
    )
    for job_id in jobs:
        own = [{k: v for k, v in each.items() if k != "cursor"} for each in told if each["job"] == job_id]
        assert own == wide_service.events(job_id)


def test_pages_of_json_tell_the_same(wide_service: Service) -> None:
    jobs = [wide_service.submit("steady", count=30, pause=0.01)["id"] for _ in range(2)]
    seen, after, waited = [], "0", 0
    while True:
        found = page(wide_service, f"jobs={','.join(jobs)}&after={after}&limit=7&wait=5")
        seen += found["events"]
        after, waited = found["cursor"], waited + 1
        assert len(found["events"]) <= 7
        if found["end"]:
            break

    assert waited > 8
    for job_id in jobs:
        own = [{k: v for k, v in each.items() if k != "cursor"} for each in seen if each["job"] == job_id]
        assert own == wide_service.events(job_id)


def test_a_page_without_a_cursor_is_the_jobs_as_they_are(wide_service: Service) -> None:
    job_id = wide_service.wait(wide_service.submit("steady", count=3)["id"])["id"]
    found = page(wide_service, f"jobs={job_id}")

    [shown] = found["events"]
    assert (shown["type"], shown["job"], shown["data"]["job"]["state"]) == ("stream.snapshot", job_id, "succeeded")
    assert page(wide_service, f"jobs={job_id}&after={found['cursor']}")["end"] is True


def test_a_long_poll_is_answered_by_a_job_that_begins_meanwhile(wide_service: Service) -> None:
    after, answers = last(wide_service), list[dict[str, Any]]()
    query = f"label=team:late&after={after}&wait=20"
    poll = threading.Thread(target=lambda: answers.append(page(wide_service, query)))
    poll.start()
    wide_service.submit("steady", count=3)
    job_id = labelled(wide_service, 1, team="late")
    poll.join(20)

    assert {each["job"] for each in answers[0]["events"]} == {job_id}
    assert answers[0]["events"][0]["type"] == "job.queued"
    wide_service.wait(job_id)


def test_a_gap_is_the_first_thing_of_a_page(wide_service: Service) -> None:
    job_id = wide_service.submit("steady", count=1)["id"]
    found = page(wide_service, f"jobs={job_id}&after=0other-3")

    assert [each["type"] for each in found["events"][:2]] == ["stream.gap", "stream.snapshot"]
    assert found["events"][0]["data"]["reason"] == "epoch"
    wide_service.wait(job_id)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("jobs=", 400),
        ("jobs=../x", 400),
        ("jobs=" + ",".join(f"{n:026}" for n in range(101)), 400),
        ("label=team", 400),
        ("types=!", 400),
        ("min_interval=x", 400),
        ("after=nonsense", 400),
        ("limit=0", 400),
        ("wait=61", 400),
        (f"jobs={'0' * 26}", 404),
    ],
)
def test_what_cannot_be_meant_is_refused(wide_service: Service, query: str, number: int) -> None:
    page(wide_service, query, number)


def test_nothing_is_left_behind_when_all_have_gone(wide_service: Service) -> None:
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(reader_of(wide_service, "type=steady", seed=seed)) for seed in range(20)]
        wait_for(lambda: all(reader.after != "0" for reader in readers), what="every stream")
        for reader in readers:
            reader.stopped.set()
        labelled(wide_service, 30)

    def open_streams() -> float:
        text = wide_service.client.get("/metrics").text
        return float(next(line for line in text.splitlines() if line.startswith("tailrace_streams_open")).split()[-1])

    wait_for(lambda: open_streams() == 0, what="the streams to go")


def test_a_websocket_of_many_jobs_tells_the_same_and_cancels_the_one_it_names(wide_service: Service) -> None:
    jobs = [wide_service.submit("steady", count=500, pause=0.05)["id"] for _ in range(2)]
    url = f"{wide_service.url.replace('http', 'ws')}/v1/events?jobs={','.join(jobs)}&after=0"
    with connect(url) as client:
        client.send('{"action": "cancel"}')
        refused = next(event for event in told(client) if event["type"] == "stream.refused")
        for job_id in jobs:
            client.send(json.dumps({"action": "cancel", "job": job_id}))
        seen = list(told(client))
        assert client.close_code == 1000
    with connect(f"{url[:-1]}{seen[-1]['id']}") as client:
        assert [event["type"] for event in told(client)] == ["stream.end"]

    assert refused["data"]["errors"][0]["pointer"] == "/job"
    assert seen[-1]["type"] == "stream.end"
    assert {event["job"] for event in seen if event["type"] == "job.cancelled"} == set(jobs)

"""Many readers cost one subscription, and leave nothing behind."""

import asyncio

import httpx
import psutil
import pytest
import redis

from tests.service import Service, wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.crowd]


async def _follow(client: httpx.AsyncClient, url: str, opened: asyncio.Semaphore) -> list[str]:
    """The ids of all events, from the beginning to the end of the stream."""
    async with client.stream("GET", f"{url}?after=0") as answer:
        opened.release()
        return [line[4:] async for line in answer.aiter_lines() if line.startswith("id: ")]


async def _crowd(service: Service, job_ids: list[str], readers: int, look: list[int]) -> list[list[str]]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        opened = asyncio.Semaphore(0)
        urls = [f"{service.url}/v1/jobs/{job_ids[n % len(job_ids)]}/events" for n in range(readers)]
        running = [asyncio.create_task(_follow(client, url, opened)) for url in urls]
        for _ in range(readers):
            await opened.acquire()
        with redis.Redis.from_url(service.redis.url) as store:
            look.append(len([c for c in store.client_list(_type="pubsub") if "celery" not in c.get("name", "")]))
        return list(await asyncio.gather(*running))


def _web(service: Service) -> psutil.Process:
    """Gunicorn's one worker: the process that holds the streams."""
    master = next(process for process in service.processes if process.name.startswith("web"))
    return max(master.children(), key=lambda process: process.num_fds())


def _sockets(service: Service) -> list[object]:
    """The web process's connections with clients; the test's own last request may still be one."""
    found = _web(service).net_connections()
    return [c for c in found if c.laddr.port == service.port and c.status != psutil.CONN_LISTEN]


def _streams(service: Service) -> float:
    text = httpx.get(f"{service.url}/metrics").text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("tailrace_streams_open"))


def _crowded(service: Service, job_ids: list[str], readers: int) -> list[list[str]]:
    wait_for(lambda: _streams(service) == 0, what="earlier streams to end")
    look: list[int] = []
    seen = asyncio.run(_crowd(service, job_ids, readers, look))
    #: None where every job had ended by the time that all had come.
    assert look in ([0], [1])
    wait_for(lambda: _streams(service) == 0, what="the streams to end")
    wait_for(lambda: len(_sockets(service)) <= 1, what="the sockets to close")
    with redis.Redis.from_url(service.redis.url) as store:
        wait_for(lambda: not store.pubsub_channels("tr1:*"), what="the subscriptions to end")
    return seen


def test_five_hundred_readers_of_one_job_cost_one_subscription(wide_service: Service) -> None:
    job_id = wide_service.submit("steady", count=400, pause=0.02)["id"]
    seen = _crowded(wide_service, [job_id], 500)
    last = wide_service.wait(job_id)["cursor"]
    epoch, length = last.split("-")
    whole = [f"{epoch}-{seq}" for seq in range(1, int(length) + 1)]
    for ids in seen:
        assert [i for i, n in zip(ids, [None, *ids], strict=False) if i != n] == whole


def test_five_hundred_jobs_with_a_reader_each_cost_one_subscription(wide_service: Service) -> None:
    job_ids = [wide_service.submit("steady", count=3, pause=0.04)["id"] for _ in range(500)]
    for job_id, ids in zip(job_ids, _crowded(wide_service, job_ids, 500), strict=True):
        epoch, length = wide_service.wait(job_id)["cursor"].split("-")
        assert list(dict.fromkeys(ids)) == [f"{epoch}-{seq}" for seq in range(1, int(length) + 1)]

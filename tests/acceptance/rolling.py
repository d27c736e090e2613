"""What clients behind load balancers live through while web processes are told to stop, or are killed."""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

import httpx
import httpx_sse

READERS = 20


@dataclass
class Reader:
    """One stream as an EventSource follows it: from its last id, after as long as it was told to wait."""

    url: str
    seqs: list[int] = field(default_factory=list)
    #: Why streams ended, as the reader was told; a connection that just broke or ended is "cut".
    ends: list[str] = field(default_factory=list)

    async def follow(self, client: httpx.AsyncClient) -> None:
        last, pause = "0", 0.1
        while self.ends[-1:] != ["terminal"]:
            why = "cut"
            try:
                headers = {"Last-Event-ID": last, "Accept": "text/event-stream"}
                async with httpx_sse.aconnect_sse(client, "GET", self.url, headers=headers) as source:
                    assert source.response.status_code == 200, source.response.status_code
                    async for event in source.aiter_sse():
                        last, pause = event.id or last, (event.retry or 100) / 1000
                        why = self._hear(json.loads(event.data)) or why
            except httpx.TransportError:
                pass
            self.ends.append(why)
            await asyncio.sleep(pause)

    def _hear(self, event: dict[str, object]) -> str | None:
        if "seq" in event:
            self.seqs.append(int(str(event["seq"])))
        if event["type"] in {"stream.reconnect", "stream.end"}:
            return str(event["data"]["reason"])  # type: ignore[index]
        return None


@dataclass
class Caller:
    """Asks and changes something without a pause, and counts what it is answered."""

    base: str
    ended_job: str
    answers: Counter[str] = field(default_factory=Counter)
    #: A call that changes something and was under way at a process that was killed may be lost with it.
    changing: bool = True

    async def call(self, client: httpx.AsyncClient) -> None:
        while True:
            await self._count(client, "GET", "/v1/jobs?limit=1")
            if self.changing:
                await self._count(client, "POST", f"/v1/jobs/{self.ended_job}/cancel")

    async def _count(self, client: httpx.AsyncClient, method: str, path: str) -> None:
        try:
            answer = await client.request(method, f"{self.base}{path}")
            self.answers[f"{method} {answer.status_code}"] += 1
        except httpx.TransportError as error:
            self.answers[f"{method} {type(error).__name__}"] += 1


class Crowd:
    """At each of the *bases* the same job's readers and two callers, for as long as the context is open."""

    def __init__(self, bases: dict[str, str], job: str, ended_job: str, headers: dict[str, str]) -> None:
        self._headers, self._stack = headers, AsyncExitStack()
        events = f"/v1/jobs/{job}/events"
        self.readers = {name: [Reader(base + events) for _ in range(READERS)] for name, base in bases.items()}
        self.callers = {name: [Caller(base, ended_job) for _ in range(2)] for name, base in bases.items()}

    async def __aenter__(self) -> Self:
        limits = httpx.Limits(max_connections=None)
        client = await self._stack.enter_async_context(
            httpx.AsyncClient(headers=self._headers, limits=limits, timeout=30)
        )
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._reading = [group.create_task(r.follow(client)) for readers in self.readers.values() for r in readers]
        self._calling = [group.create_task(c.call(client)) for callers in self.callers.values() for c in callers]
        return self

    async def __aexit__(self, *error: object) -> None:
        """Ends once every reader has been told the end."""
        if error[0] is None:
            await asyncio.wait(self._reading, timeout=30)
        for task in [*self._calling, *self._reading]:
            task.cancel()
        await self._stack.aclose()

    def told(self, name: str) -> Counter[str]:
        """Why the streams behind one load balancer ended so far."""
        return Counter(end for reader in self.readers[name] for end in reader.ends)

    def hold_changes(self) -> None:
        for callers in self.callers.values():
            for caller in callers:
                caller.changing = False

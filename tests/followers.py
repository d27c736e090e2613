"""The five transports as a user would read them: each a few lines, and one class that follows a job over any."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import httpx
from httpx_sse import connect_sse
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

Envelope = dict[str, Any]
TERMINAL = {"job.succeeded", "job.failed", "job.cancelled", "job.expired"}


def sse(url: str, after: str) -> Iterator[Envelope]:
    with httpx.Client(timeout=30) as client, connect_sse(client, "GET", url, params={"after": after}) as source:
        for event in source.iter_sse():
            yield json.loads(event.data)


def ndjson(url: str, after: str) -> Iterator[Envelope]:
    headers = {"Accept": "application/x-ndjson"}
    with httpx.stream("GET", url, params={"after": after}, headers=headers, timeout=30) as answer:
        for line in answer.iter_lines():
            if line:
                yield json.loads(line)


def long_poll(url: str, after: str) -> Iterator[Envelope]:
    end = False
    with httpx.Client(headers={"Accept": "application/json"}, timeout=60) as client:
        while not end:
            page = client.get(url, params={"after": after, "wait": 30}).json()
            yield from page["events"]
            after, end = page["cursor"], page["end"]


def polling(url: str, after: str) -> Iterator[Envelope]:
    end = False
    with httpx.Client(headers={"Accept": "application/json"}, timeout=30) as client:
        while not end:
            page = client.get(url, params={"after": after}).json()
            yield from page["events"]
            after, end = page["cursor"], page["end"]
            if not page["events"]:
                time.sleep(0.2)


def websocket(url: str, after: str) -> Iterator[Envelope]:
    #: With a bounded queue its close would wait 10 s for whatever nobody has taken out of it.
    with connect(f"{url.replace('http', 'ws', 1)}?after={after}", max_queue=None) as socket:
        for text in socket:
            yield json.loads(text)


READERS: dict[str, Callable[[str, str], Iterator[Envelope]]] = {
    "sse": sse,
    "ndjson": ndjson,
    "long-poll": long_poll,
    "polling": polling,
    "websocket": websocket,
}


class Gap(Exception):
    """The log has lost what was asked for."""


class Follower:
    """Follows one job, now over this transport, now over that; keeps what it was told, and where it stands."""

    def __init__(self, url: str, after: str = "0") -> None:
        self.url, self.cursor = url, after
        self.events: list[Envelope] = []

    @property
    def ended(self) -> bool:
        return bool(self.events) and self.events[-1]["type"] in TERMINAL

    def follow(
        self, transport: str, after: str | None = None, stop_after: int | None = None
    ) -> tuple[list[Envelope], str]:
        """The stored events behind *after* (where it stood), at most *stop_after*, and the cursor behind them.

        Fewer where the connection ended; the same again goes on from there.
        """
        self.cursor, told = after or self.cursor, list[Envelope]()
        with (
            closing(READERS[transport](self.url, self.cursor)) as stream,
            suppress(httpx.TransportError, ConnectionClosed),
        ):
            for envelope in stream:
                if envelope["type"] == "stream.gap":
                    raise Gap(envelope["data"])
                if "seq" in envelope:
                    told.append(envelope)
                    if len(told) == stop_after:
                        break
        self.events += told
        self.cursor = told[-1]["id"] if told else self.cursor
        return told, self.cursor

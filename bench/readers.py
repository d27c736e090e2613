"""The five transports as a program reads them: each alone, whole, and through lost connections to the job's end.

What the comparison counts as lines of client code is the bodies of these functions, and of those in readers.js, which
do the same in a page. Each yields the envelopes behind the
cursor *after*, and goes on from the last cursor where the connection or the service fails it.
"""

import ast
import inspect
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from httpx_sse import connect_sse
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

Envelope = dict[str, Any]
Reader = Callable[[str, str], Iterator[Envelope]]

#: Seconds between two polls, and before one comes back.
POLL, PAUSE = 1.0, 1.0
#: A little over the service's heartbeat, and over what a long-poll waits.
TIMEOUT = 40.0
#: What a stream is answered with to whoever has the last event already.
ENDED = 204


def polling(url: str, after: str) -> Iterator[Envelope]:
    end = False
    with httpx.Client(headers={"Accept": "application/json"}, timeout=TIMEOUT) as client:
        while not end:
            with suppress(httpx.HTTPError):
                answer = client.get(url, params={"after": after, "limit": 1000}).raise_for_status()
                page = answer.json()
                yield from page["events"]
                after, end = page["cursor"], page["end"]
            time.sleep(0 if end else POLL)


def long_poll(url: str, after: str) -> Iterator[Envelope]:
    end = False
    with httpx.Client(headers={"Accept": "application/json"}, timeout=TIMEOUT) as client:
        while not end:
            try:
                answer = client.get(url, params={"after": after, "limit": 1000, "wait": 30}).raise_for_status()
            except httpx.HTTPError:
                time.sleep(PAUSE)
                continue
            page = answer.json()
            yield from page["events"]
            after, end = page["cursor"], page["end"]


def sse(url: str, after: str) -> Iterator[Envelope]:
    end = False
    with httpx.Client(timeout=TIMEOUT) as client:
        while not end:
            with suppress(httpx.HTTPError), connect_sse(client, "GET", url, params={"after": after}) as source:
                end = source.response.status_code == ENDED
                for event in source.iter_sse():
                    yield json.loads(event.data)
                    after, end = event.id or after, event.event == "stream.end"
            time.sleep(0 if end else PAUSE)


def ndjson(url: str, after: str) -> Iterator[Envelope]:
    end = False
    with httpx.Client(headers={"Accept": "application/x-ndjson"}, timeout=TIMEOUT) as client:
        while not end:
            #: ValueError: a line that was cut off.
            with suppress(httpx.HTTPError, ValueError), client.stream("GET", url, params={"after": after}) as answer:
                end = answer.status_code == ENDED
                for line in filter(None, answer.iter_lines()):
                    yield (envelope := json.loads(line))
                    after, end = envelope.get("id") or after, envelope["type"] == "stream.end"
            time.sleep(0 if end else PAUSE)


def websocket(url: str, after: str) -> Iterator[Envelope]:
    end = False
    while not end:
        with suppress(OSError, WebSocketException), connect(f"ws{url.removeprefix('http')}?after={after}") as socket:
            for text in socket:
                yield (envelope := json.loads(text))
                after, end = envelope.get("id") or after, envelope["type"] == "stream.end"
        time.sleep(0 if end else PAUSE)


READERS: dict[str, Reader] = {
    "polling": polling,
    "long-poll": long_poll,
    "SSE": sse,
    "NDJSON": ndjson,
    "WebSocket": websocket,
}

#: The same in a browser, and what each is called there.
SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")
SCRIPTED = {
    "polling": "polling",
    "long-poll": "longPoll",
    "SSE": "sse",
    "NDJSON": "ndjson",
    "WebSocket": "websocket",
}


def lines_of(transport: str) -> tuple[int, int]:
    """Lines of code in the bodies of its readers: in Python, and in a browser."""
    source = inspect.getsource(READERS[transport])
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)  # noqa: S101 - for the type checker
    script = re.search(rf"(?ms)^export (?:async )?function {SCRIPTED[transport]}\(.*?{{\n(.*?)^}}$", SCRIPT)
    assert script is not None  # noqa: S101 - as above
    return _count(source.splitlines()[function.body[0].lineno - 1 :]), _count(script[1].splitlines())


def _count(lines: Sequence[str]) -> int:
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))

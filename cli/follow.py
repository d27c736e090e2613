"""Following a job over breaks: every event once, in order, resumed after the last one seen."""

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError

from cli.errors import Unreachable
from cli.service import Service, raise_refusal

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
#: Nobody has answered for so long: whoever watches is told, rather than left waiting.
PATIENCE_SECONDS = 180.0


class Seen(NamedTuple):
    """One event: its type, its envelope as sent, its data."""

    type: str
    envelope: str
    data: dict[str, Any]


class Follower:
    """Yields what a job's stream tells until it ends; ``after`` is the cursor behind what was yielded last."""

    def __init__(
        self,
        service: Service,
        job_id: str,
        *,
        after: str | None = None,
        told: Callable[[str], None] = lambda _text: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.after = after
        self._service, self._job_id = service, job_id
        self._told, self._sleep = told, sleep
        self._breaks = 0
        self._heard_at = time.monotonic()
        self._retry_ms = 0
        self._ended = self._fresh = False

    def __iter__(self) -> Iterator[Seen]:
        while not self._ended:
            try:
                yield from self._connection()
            except (httpx.TransportError, SSEError) as error:
                self._broken(str(error) or type(error).__name__)
            if not self._ended:
                self._pause()

    def restart(self) -> None:
        """Leaves this connection; the next one begins with a snapshot."""
        self._fresh = True

    def _connection(self) -> Iterator[Seen]:
        with self._service.events(self._job_id, self.after) as response:
            if response.status_code == httpx.codes.NO_CONTENT:
                self._ended = True
                return
            if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                self._broken(f"the service answered {response.status_code}")
                return
            if not response.is_success:
                response.read()
                raise_refusal(response)
            for sse in EventSource(response).iter_sse():
                self._heard_at, self._breaks = time.monotonic(), 0
                yield from self._event(sse)
                if self._fresh:
                    self.after, self._fresh = None, False
                    return
                if self._ended:
                    return

    def _event(self, sse: ServerSentEvent) -> Iterator[Seen]:
        self._retry_ms = sse.retry or self._retry_ms
        if not sse.data:
            return
        envelope = json.loads(sse.data)
        self.after = sse.id or self.after
        self._ended = envelope["type"] == "stream.end"
        yield Seen(envelope["type"], sse.data, envelope.get("data") or {})

    def _broken(self, why: str) -> None:
        self._breaks += 1
        if self._breaks == 1:
            self._told(f"connection lost ({why}); trying again")
        silent = time.monotonic() - self._heard_at
        if silent > PATIENCE_SECONDS or (self._breaks > 1 and self.after is None and silent > LONGEST_PAUSE_SECONDS):
            raise Unreachable(f"nobody answers at {self._service.url} ({why})")

    def _pause(self) -> None:
        """Full jitter, so that many watchers do not come back at one moment; what the server asks for goes first."""
        ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._breaks)
        seconds = self._retry_ms / 1000 if self._retry_ms else random.uniform(0, ceiling)  # noqa: S311 - jitter
        self._retry_ms = 0
        self._sleep(min(seconds, LONGEST_PAUSE_SECONDS))

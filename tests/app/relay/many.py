"""Readers of many jobs, and what they have been told."""

from typing import Any

import msgspec

from app.relay.choice import MANY, Choice
from app.relay.hub import Relay
from app.relay.lens import Lens
from jobs import events as ev
from jobs.eventlog import Cursor
from jobs.wiring import Parts
from jobs.writer import Writer
from tests.app.relay.conftest import Client, begin, until


def reader(relay: Relay, after: Cursor | str | None = "snapshot", *, cut: int | None = None, **choice: Any) -> Client:
    lens = Lens(choice=Choice(**{name: frozenset(value) for name, value in choice.items()}))
    return Client(relay, MANY, after, cut, lens)


def envelopes(client: Client) -> list[dict[str, Any]]:
    return [msgspec.json.decode(frame["data"]) for frame in client.frames]


def seqs(client: Client, job_id: str) -> list[int]:
    return [each["seq"] for each in envelopes(client) if each["job"] == job_id and "seq" in each]


def shown(client: Client) -> dict[str, dict[str, Any]]:
    return {each["job"]: each["data"]["job"] for each in envelopes(client) if each["type"] == "stream.snapshot"}


def end(writer: Writer) -> None:
    writer.write([ev.JobSucceeded(result=1)])


def ended(told: list[dict[str, Any]]) -> set[str]:
    return {each["job"] for each in told if each["type"] == "job.succeeded"}


def opened(client: Client) -> Client:
    """*client* after it has read its stream up to where that goes live."""
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    following.kill()
    return client


def begun(parts: Parts, count: int) -> list[Writer]:
    return [begin(parts) for _ in range(count)]


def tail(parts: Parts) -> Cursor:
    return parts.log.feed.read(0, 1).last

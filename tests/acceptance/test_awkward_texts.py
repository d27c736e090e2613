"""A job that says what readers get wrong is read whole over every encoding, wherever a reader was cut off."""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest

from tests.acceptance.jobs_for_tests import AWKWARD
from tests.followers import READERS
from tests.service import Service
from tests.whatwg import Event, Reader, read

pytestmark = pytest.mark.acceptance

Log = list[dict[str, Any]]


@pytest.fixture(scope="module")
def said(wide_service: Service) -> tuple[str, Log]:
    """Where the events of the job are, and its log."""
    job_id = wide_service.submit("awkward")["id"]
    assert wide_service.wait(job_id)["state"] == "succeeded"
    return f"{wide_service.url}/v1/jobs/{job_id}/events", wide_service.events(job_id)


def body(url: str, last: str | None = None, accept: str = "text/event-stream") -> bytes:
    """A whole stream, from the beginning or behind *last*."""
    headers = {"Accept": accept, **({"Last-Event-ID": last} if last else {})}
    answer = httpx.get(url, params=None if last else {"after": "0"}, headers=headers, timeout=30)
    assert answer.status_code == (200 if answer.content else 204)
    return answer.content


def stored(events: list[Event]) -> Log:
    envelopes = [json.loads(event.data) for event in events]
    for event, envelope in zip(events, envelopes, strict=True):
        assert event.type == envelope["type"]
        assert "seq" not in envelope or event.last_event_id == envelope["id"]
    return [envelope for envelope in envelopes if "seq" in envelope]


def test_what_was_said_is_in_the_log(said: tuple[str, Log]) -> None:
    _, log = said
    whole = [text.encode("utf-8", "replace").decode() for text in AWKWARD]
    assert [event["data"]["message"] for event in log if event["type"] == "log"] == whole
    assert log[-1]["data"]["result"] == {"said": whole}
    long = "".join(e["data"]["text"] for e in log if e["type"] == "output.delta" and e["data"]["name"] == "long")
    assert long == "\0" * 25_000
    assert max(len(json.dumps(event["data"])) for event in log) > 59_000


@pytest.mark.parametrize("transport", READERS)
def test_every_reader_of_a_few_lines_reads_it_whole(said: tuple[str, Log], transport: str) -> None:
    url, log = said
    assert [envelope for envelope in READERS[transport](url, "0") if "seq" in envelope] == log


def test_a_strict_reader_accepts_every_byte_in_whatever_pieces_they_come(said: tuple[str, Log]) -> None:
    url, log = said
    stream, chance, reader = body(url), Random(4), Reader()
    assert stored(read(stream)) == log
    at = 0
    while at < len(stream):
        size = chance.choice([1, 2, 3, 100, 1460, 8192])
        reader.read(stream[at : at + size])
        at += size
    assert stored(reader.close().events) == log


def test_a_compressed_stream_is_the_same_stream(said: tuple[str, Log]) -> None:
    url, log = said
    answer = httpx.get(url, params={"after": "0", "compress": "gzip"}, headers={"Accept-Encoding": "gzip"}, timeout=30)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert stored(read(answer.content)) == log


#: A kind of place in a stream, and the bytes behind which it is.
PLACES = {
    "in the wait": rb"retry: [0-9]",
    "in the name of a field": rb"\ni(?=d: )",
    "in an id": rb"\nid: [a-z0-9]+-[0-9](?=[0-9])",
    "behind an id": rb"\nid: [a-z0-9]+-[0-9]+\n",
    "in a type": rb"\nevent: (step|item|log|output)",
    "behind a type": rb"\nevent: [a-z_.]+\n",
    "in front of the data": rb"\ndata: ",
    "in an escape": rb"\\u0",
    "behind half an escaped pair": rb"\\(?=[\\\"n])",
    "in a character": rb"\xf0\x9f",
    "in the data": rb'"seq":',
    "behind the data": rb"}(?=\n\n)",
    "between the two ends of an event": rb"}\n(?=\n)",
    "behind an event": rb"}\n\n",
}


def places(pattern: bytes, stream: bytes, most: int = 4) -> Iterator[int]:
    """Some of the places behind *pattern*, the first and the last one among them."""
    ends = [found.end() for found in re.finditer(pattern, stream)]
    assert ends
    yield from {ends[0], ends[-1], *Random(1).choices(ends, k=most - 2)}


@pytest.mark.parametrize("pattern", PLACES.values(), ids=PLACES.keys())
def test_a_stream_of_events_cut_there_goes_on_without_a_hole_or_a_repeat(said: tuple[str, Log], pattern: bytes) -> None:
    url, log = said
    stream = body(url)
    for at in places(pattern, stream):
        first = Reader().read(stream[:at])
        rest = body(url, first.last_event_id or None)
        assert stored(first.events) + stored(read(rest)) == log


IN_LINES = ["in an escape", "behind half an escaped pair", "in a character", "in the data"]


@pytest.mark.parametrize("pattern", [*(PLACES[name] for name in IN_LINES), rb"}(?=\n)", rb"}\n"])
def test_lines_of_json_cut_there_go_on_without_a_hole_or_a_repeat(said: tuple[str, Log], pattern: bytes) -> None:
    url, log = said
    stream = body(url, accept="application/x-ndjson")
    for at in places(pattern, stream):
        first = whole_lines(stream[:at])
        rest = whole_lines(body(url, first[-1]["id"] if first else None, accept="application/x-ndjson"))
        assert first + rest == log


def whole_lines(stream: bytes) -> Log:
    envelopes = [json.loads(line) for line in stream.split(b"\n")[:-1] if line]
    return [envelope for envelope in envelopes if "seq" in envelope]


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_pages_of_any_length_are_the_log(said: tuple[str, Log], limit: int) -> None:
    url, log = said
    found: Log = []
    with httpx.Client(headers={"Accept": "application/json"}) as client:
        while True:
            after = found[-1]["id"] if found else "0"
            page = client.get(url, params={"after": after, "limit": limit}).json()
            assert len(page["events"]) <= limit
            found += page["events"]
            if page["end"]:
                break
    assert found == log

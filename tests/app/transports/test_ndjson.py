import msgspec
from hypothesis import given, settings

from app.transports import ndjson
from jobs.eventlog import Record
from tests.histories import histories

QUICK = settings(max_examples=20, deadline=None, derandomize=True)


@QUICK
@given(histories(most=8))
def test_every_event_is_one_line_of_json_whatever_is_in_it(log: list[Record]) -> None:
    envelopes = [msgspec.json.encode(record) for record in log]
    stream = b"".join(ndjson.event(record.type, text, record.id) for record, text in zip(log, envelopes, strict=True))

    for lines in (stream.split(b"\n")[:-1], stream.decode().splitlines()):
        assert [msgspec.json.decode(line) for line in lines] == [msgspec.json.decode(text) for text in envelopes]


def test_a_heartbeat_is_an_empty_line() -> None:
    stream = ndjson.HEARTBEAT + ndjson.frame("stream.end", b'{"a":1}') + ndjson.HEARTBEAT

    assert [line for line in stream.splitlines() if line] == [b'{"a":1}']


def test_the_time_to_wait_is_said_by_an_event_not_by_a_line() -> None:
    assert ndjson.retry(1500) == b""

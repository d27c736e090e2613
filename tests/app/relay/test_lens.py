import msgspec
import pytest

from app.relay.lens import Lens
from jobs.eventlog import Cursor, Entry
from jobs.events import EVENTS, TERMINAL

CURSOR = Cursor("k3f9ab", 17)


def entry(name: str, seq: int = 17) -> Entry:
    return Entry(Cursor("k3f9ab", seq), name, b'{"type":"%b"}' % name.encode())


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        ((), set(EVENTS)),
        (("*",), set(EVENTS)),
        (("step.*",), {name for name in EVENTS if name.startswith("step.")} | TERMINAL),
        (("step.progress", "metric"), {"step.progress", "metric"} | TERMINAL),
        (("step",), set(TERMINAL)),
        (("job.*",), {name for name in EVENTS if name.startswith("job.")}),
        (("nothing.like.it",), set(TERMINAL)),
    ],
)
def test_a_filter_lets_through_what_it_names_and_every_end(patterns: tuple[str, ...], wanted: set[str]) -> None:
    assert {name for name in EVENTS if Lens(types=patterns).wants(name)} == wanted


@pytest.mark.parametrize("transport", ["sse", "ndjson"])
def test_only_what_is_wanted_is_encoded(transport: str) -> None:
    lens = Lens(transport=transport, types=("metric",))
    one, other, end = entry("metric", 1), entry("log", 2), entry("job.failed", 3)

    assert lens.encode(lens.choose([one, other, end])) == lens.encode([one]) + lens.encode([end])
    assert lens.encode(lens.choose([other])) == b""


def test_events_of_the_stream_pass_every_filter() -> None:
    assert Lens(types=("metric",)).wants("stream.gap")


def test_equal_lenses_are_one_key_so_that_readers_share_what_is_encoded() -> None:
    assert len({Lens(types=("a", "b")), Lens(types=("a", "b")), Lens(types=("b",)), Lens(named=False)}) == 3


def test_an_event_of_the_stream_has_an_id_only_where_a_reader_may_resume() -> None:
    with_id = Lens().control("stream.caught_up", "j", {}, cursor=CURSOR)
    without = Lens().control("stream.gap", "j", {"from": 1})

    assert with_id == b"id: k3f9ab-17\nevent: stream.caught_up\ndata: %b\n\n" % (
        b'{"id":"k3f9ab-17","type":"stream.caught_up","job":"j","data":{}}'
    )
    assert without.startswith(b"event: stream.gap\ndata: {")
    assert b"id: " not in without


def test_without_names_no_frame_has_an_event_field() -> None:
    lens = Lens(named=False)

    assert lens.encode(lens.choose([entry("log")])) == b'id: k3f9ab-17\ndata: {"type":"log"}\n\n'
    assert lens.control("stream.end", "j", {}).startswith(b"data: ")


def test_ndjson_says_the_same_a_line_each() -> None:
    lens = Lens(transport="ndjson")

    assert lens.encode(lens.choose([entry("log"), entry("metric")])) == b'{"type":"log"}\n{"type":"metric"}\n'
    line = lens.control("stream.end", "j", {"reason": "terminal"}, cursor=CURSOR)
    assert msgspec.json.decode(line) == {
        "id": "k3f9ab-17",
        "type": "stream.end",
        "job": "j",
        "data": {"reason": "terminal"},
    }
    assert (lens.retry(500), lens.heartbeat) == (b"", b"\n")

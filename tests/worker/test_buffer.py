from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from jobs import events as ev
from worker.buffer import BOUNDS, WIDE, Buffer
from worker.outputs import PIECE

names = st.sampled_from(["a", "b"])


def _progress(name: str, done: int, message: str | None) -> ev.AnyEvent:
    return ev.StepProgressed(name=name, done=done, message=message)


moves = st.lists(
    st.one_of(
        st.tuples(st.just("text"), names, st.text(max_size=5)),
        st.tuples(st.just("progress"), names, st.integers(0, 99)),
        st.tuples(st.just("said"), names, st.integers(0, 99)),
        st.tuples(st.just("item"), names, st.integers(0, 99)),
        st.tuples(st.just("begin"), names, st.none()),
        st.tuples(st.just("take"), st.none(), st.integers(1, 4)),
    ),
    max_size=60,
)


def _through(done: list[tuple[str, str, object]]) -> tuple[list[ev.AnyEvent], list[ev.AnyEvent]]:
    """What went in, and what came out."""
    buffer, given_in, out = Buffer(), [], []
    lengths: dict[str, int] = defaultdict(int)
    for what, name, value in done:
        if what == "take":
            out += buffer.take(value, 10**9).events
            continue
        event: ev.AnyEvent
        match what:
            case "text":
                event = ev.OutputAppended(name=name, offset=lengths[name], text=str(value))
                lengths[name] += len(str(value))
            case "progress":
                event = _progress(name, value, None)
            case "said":
                event = _progress(name, value, f"at {value}")
            case "item":
                event = ev.ItemFinished(key=f"{name}{value}", state="succeeded")
            case _:
                event = ev.StepStarted(name=name)
        given_in.append(event)
        buffer.add(event, 100)
    out += buffer.take(10**9, 10**9).events
    assert len(buffer) == buffer.bytes == 0
    return given_in, out


@given(moves)
def test_the_joined_text_of_each_output_is_what_was_written(done: list[tuple[str, str, object]]) -> None:
    given_in, out = _through(done)
    for name in ("a", "b"):
        pieces = [event for event in out if isinstance(event, ev.OutputAppended) and event.name == name]
        assert "".join(piece.text for piece in pieces) == "".join(
            event.text for event in given_in if isinstance(event, ev.OutputAppended) and event.name == name
        )
        at = 0
        for piece in pieces:
            assert piece.offset == at
            at += len(piece.text)


@given(moves)
def test_every_item_and_every_beginning_is_there_in_its_order(done: list[tuple[str, str, object]]) -> None:
    given_in, out = _through(done)
    kept = (ev.ItemFinished, ev.StepStarted)
    assert [event for event in out if isinstance(event, kept)] == [e for e in given_in if isinstance(e, kept)]


@given(moves)
def test_the_last_progress_of_each_step_before_each_of_its_bounds_is_told(done: list[tuple[str, str, object]]) -> None:
    given_in, out = _through(done)
    for name in ("a", "b"):
        assert _lasts(out, name) == _lasts(given_in, name)


def _lasts(events: list[ev.AnyEvent], name: str) -> list[tuple[float | None, str | None]]:
    """The step as a reader has it at each of its bounds: the last number and the last words."""
    found, done, message = [], None, None
    for event in [*events, ev.StepStarted(name=name)]:
        if isinstance(event, ev.StepStarted) and event.name == name:
            found.append((done, message))
            done = None
        if isinstance(event, ev.StepProgressed) and event.name == name:
            done, message = event.done, event.message or message
    return found


def test_a_merged_piece_never_outgrows_one_event() -> None:
    buffer = Buffer()
    for n in range(30):
        buffer.add(ev.OutputAppended(name="a", offset=n * 999, text="x" * 999), 1100)
    pieces = [event for event in buffer.take(99, 10**9).events if isinstance(event, ev.OutputAppended)]
    assert sum(len(piece.text) for piece in pieces) == 30 * 999
    assert max(len(piece.text) for piece in pieces) <= PIECE


def test_a_hundred_thousand_progress_events_take_the_room_of_one() -> None:
    buffer = Buffer()
    for n in range(100_000):
        buffer.add(_progress("a", n, None), 160)
        buffer.add(ev.OutputAppended(name="t", offset=n, text="x"), 1)
    assert len(buffer) < 20
    assert not buffer.full


def test_a_buffer_is_full_by_number_or_by_weight_and_roomy_again_when_half_empty() -> None:
    many, heavy = Buffer(), Buffer()
    for n in range(BOUNDS.events):
        many.add(ev.ItemFinished(key=str(n), state="x"), 1)
    for n in range(200):
        heavy.add(ev.ItemFinished(key=str(n), state="x"), BOUNDS.bytes // 200 + 1)
    for buffer in (many, heavy):
        assert buffer.full
        buffer.take(len(buffer) // 4, 10**9)
        assert not buffer.full
        assert not buffer.roomy
        buffer.take(len(buffer) // 2, 10**9)
        assert buffer.roomy


def test_text_that_grows_fills_a_buffer_too_and_there_is_room_again_where_the_log_is_away() -> None:
    buffer, piece, offset = Buffer(), "x" * 1000, 0
    while not buffer.full:
        buffer.add(ev.OutputAppended(name="t", offset=offset, text=piece), 1160)
        offset += len(piece)
    assert buffer.bytes >= BOUNDS.bytes
    buffer.widen()
    assert not buffer.full


def test_a_buffer_of_a_log_that_is_away_takes_more_until_it_is_empty_again() -> None:
    buffer = Buffer()
    buffer.widen()
    for n in range(WIDE.events):
        assert not buffer.full
        buffer.add(ev.ItemFinished(key=str(n), state="x"), 1)
    assert buffer.full
    buffer.take(WIDE.events, 10**9)
    for n in range(BOUNDS.events):
        buffer.add(ev.ItemFinished(key=str(n), state="x"), 1)
    assert buffer.full

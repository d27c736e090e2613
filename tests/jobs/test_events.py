import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import events as ev
from jobs.errors import InvalidEvent
from tests.histories import any_event, structs

QUICK = settings(max_examples=25, deadline=None, derandomize=True)


@pytest.mark.parametrize("cls", ev.EVENTS.values(), ids=list(ev.EVENTS))
def test_an_event_is_read_back_as_it_was_written(cls: type[ev.AnyEvent]) -> None:
    @QUICK
    @given(structs(cls))
    def holds(event: ev.AnyEvent) -> None:
        assert ev.decode_data(event.type, ev.encode_data(event)) == event

    holds()


def test_every_event_class_is_in_the_table_under_its_own_type() -> None:
    classes = {cls for cls in vars(ev).values() if isinstance(cls, type) and issubclass(cls, ev.Event)} - {ev.Event}

    assert set(ev.EVENTS.values()) == classes
    assert all(name == cls.type for name, cls in ev.EVENTS.items())


def test_four_types_are_terminal() -> None:
    assert {"job.succeeded", "job.failed", "job.cancelled", "job.expired"} == ev.TERMINAL


@QUICK
@given(any_event)
def test_the_json_of_an_event_is_one_line_of_utf8(event: ev.AnyEvent) -> None:
    data = ev.encode_data(event)

    assert b"\n" not in data
    assert b"\r" not in data
    assert b"\0" not in data
    data.decode("utf-8", "strict")


def test_an_optional_field_without_a_value_stays_out_of_the_json() -> None:
    assert ev.encode_data(ev.StepProgressed(name="a", done=0.0)) == b'{"name":"a","done":0.0}'
    assert ev.encode_data(ev.JobExpired()) == b"{}"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_have_is_refused(number: float) -> None:
    with pytest.raises(InvalidEvent, match="fraction"):
        ev.encode_data(ev.JobProgressed(fraction=number))
    with pytest.raises(InvalidEvent, match="value"):
        ev.encode_data(ev.MetricMeasured(name="loss", value=number))


def test_in_a_result_such_a_number_is_null() -> None:
    assert ev.encode_data(ev.JobSucceeded(result=[math.nan, 1.5])) == b'{"result":[null,1.5]}'


@pytest.mark.parametrize(
    "event",
    [
        ev.JobProgressed(fraction="0.5"),  # type: ignore[arg-type]
        ev.StepStarted(name=None),  # type: ignore[arg-type]
        ev.LogWritten(level="fatal", message="x"),  # type: ignore[arg-type]
        ev.OutputAppended(name="a", offset=1.5, text="x"),  # type: ignore[arg-type]
        ev.StepStarted(name="n" * 201),
        ev.JobSucceeded(result={1, object()}),
        ev.JobSucceeded(result="\ud800"),
        ev.MetricMeasured(name="big", value=10**400),
    ],
    ids=["text", "none", "level", "half", "long name", "object", "surrogate", "huge"],
)
def test_what_no_reader_could_take_is_refused_where_it_is_made(event: ev.AnyEvent) -> None:
    with pytest.raises(InvalidEvent):
        ev.encode_data(event)


def test_data_ends_at_64_kib_of_json_and_not_before() -> None:
    fits = ev.LogWritten(level="info", message="x" * (64 * 1024 - len(b'{"level":"info","message":""}')))

    assert len(ev.encode_data(fits)) == 64 * 1024
    with pytest.raises(InvalidEvent, match=r"65537 bytes .* limit is 65536"):
        ev.encode_data(msgspec.structs.replace(fits, message=fits.message + "x"))


def nested(depth: int) -> Any:
    inner: Any = "[" * 300
    for level in range(depth):
        inner = [inner] if level % 2 else {"{": inner}
    return inner


def test_data_that_is_nested_too_deep_for_a_reader_with_little_stack_is_refused() -> None:
    assert ev.encode_data(ev.JobSucceeded(result=nested(ev.MAX_DEPTH - 1)))
    with pytest.raises(InvalidEvent, match="deep"):
        ev.encode_data(ev.JobSucceeded(result=nested(ev.MAX_DEPTH)))
    with pytest.raises(InvalidEvent):
        ev.encode_data(ev.JobSucceeded(result=nested(5000)))


@given(st.lists(st.sampled_from(['"', "\\", "[", "]", "{", "}", "a"])).map("".join))
@settings(QUICK, max_examples=200)
def test_brackets_inside_a_string_do_not_count_as_depth(text: str) -> None:
    assert ev.encode_data(ev.JobSucceeded(result=[text, "[" * 200]))


def test_a_type_of_a_newer_version_is_unknown_and_keeps_its_data() -> None:
    event = ev.decode_data("step.dreamt", b'{"name":"a","deep":[1,null]}')

    assert event == ev.Unknown(type="step.dreamt", data={"name": "a", "deep": [1, None]})


@pytest.mark.parametrize(
    "data", [b'{"name":1}', b"{}", b'{"name":"a","value":null}', b'{"name":"a","value":"1"}', b"[]"]
)
def test_a_known_type_of_another_shape_is_unknown(data: bytes) -> None:
    assert isinstance(ev.decode_data("metric", data), ev.Unknown)


def test_unknown_members_of_a_known_type_are_let_be() -> None:
    known = ev.decode_data("metric", b'{"name":"a","value":1,"colour":"red"}')

    assert known == ev.MetricMeasured(name="a", value=1.0)


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ev.JobExpired().type = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        ev.OutputReset(name="a", reason="b").name = "c"  # type: ignore[misc]

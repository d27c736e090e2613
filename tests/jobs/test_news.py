from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.news import parse_live, singly

lines = st.binary(max_size=12).map(lambda text: text.replace(b"\n", b""))
events = st.tuples(st.integers(1, 999).map(b"k3f9-%d item".__mod__), lines)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.lists(events, min_size=1, max_size=4), max_size=4))
def test_events_are_the_same_one_by_one(appends: Sequence[Sequence[tuple[bytes, bytes]]]) -> None:
    messages = [b"\n".join(line for event in append for line in event) for append in appends]
    single = list(singly(messages))
    assert [parse_live(one) for one in single] == [[event] for message in messages for event in parse_live(message)]


@pytest.mark.parametrize("message", [b"", b"k3f9-1 item", b"k3f9-1 item\n{}\nk3f9-2 item"])
def test_what_is_no_message_stays_none(message: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
        parse_live(message)
    with pytest.raises(ValueError):  # noqa: PT011
        [parse_live(one) for one in singly([message])]

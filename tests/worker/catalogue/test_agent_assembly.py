"""A model's turn comes whole out of its pieces, however they were cut."""

import json
from types import SimpleNamespace as Any_
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.agent.assembly import MAX_CALLS, Assembly

ARGUMENTS = st.dictionaries(st.text(max_size=10), st.text(max_size=30) | st.integers(), max_size=4)


def chunk(
    content: str | None = None, calls: list[Any] | None = None, *, ended: str | None = None, usage: Any = None
) -> Any:
    choice = Any_(delta=Any_(content=content, tool_calls=calls), finish_reason=ended)
    return Any_(choices=[choice], usage=usage)


def piece(index: int, *, id: str | None = None, name: str | None = None, arguments: str | None = None) -> Any:  # noqa: A002 - the wire's word
    return Any_(index=index, id=id, function=Any_(name=name, arguments=arguments))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=50), st.lists(ARGUMENTS, max_size=4), st.integers(1, 7))
def test_text_and_calls_are_what_was_said(text: str, given_: list[dict[str, Any]], width: int) -> None:
    turn = Assembly()
    shown = "".join(turn.add(chunk(text[n : n + width])) for n in range(0, len(text), width))
    for index, arguments in enumerate(given_):
        raw = json.dumps(arguments)
        turn.add(chunk(calls=[piece(index, id=f"c{index}", name="sql")]))
        for n in range(0, len(raw), width):
            turn.add(chunk(calls=[piece(index, arguments=raw[n : n + width])]))
    assert (turn.text, shown) == (text, text)
    assert [(call.id, call.arguments) for call in turn.calls] == [(f"c{n}", each) for n, each in enumerate(given_)]


def test_calls_that_all_have_the_index_0_are_told_apart_by_their_ids() -> None:
    turn = Assembly()
    turn.add(chunk(calls=[piece(0, id="a", name="sql", arguments='{"query":"x"}')]))
    turn.add(chunk(calls=[piece(0, id="b", name="search", arguments='{"query":"y"}')]))
    assert [(call.id, call.tool) for call in turn.calls] == [("a", "sql"), ("b", "search")]


def test_arguments_that_are_no_object_stay_as_they_are() -> None:
    turn = Assembly()
    turn.add(
        chunk(
            calls=[piece(0, id="a", name="sql", arguments='{"query":'), piece(1, id="b", name="sql", arguments="[1]")]
        )
    )
    assert [call.arguments for call in turn.calls] == ['{"query":', "[1]"]


def test_more_calls_than_can_be_meant_are_left_out() -> None:
    turn = Assembly()
    for n in range(50):
        turn.add(chunk(calls=[piece(n, id=str(n), name="sql")]))
    assert len(turn.calls) == MAX_CALLS


def test_thoughts_are_shown_and_not_kept_and_usage_counts() -> None:
    turn = Assembly()
    thought = Any_(
        choices=[Any_(delta=Any_(content=None, tool_calls=None, reasoning_content="Hm. "), finish_reason=None)]
    )
    assert turn.add(thought) == "Hm. "
    assert turn.add(chunk("Yes.", ended="stop")) == "Yes."
    turn.add(Any_(choices=[], usage=Any_(total_tokens=42)))
    assert (turn.text, turn.tokens, turn.whole) == ("Yes.", 42, True)

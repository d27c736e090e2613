from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.schemas import SUBMISSION
from jobs.evident import evident
from jobs.validation import Verdict, judge

NAMES = st.sampled_from(["a", "b", "c", "ä", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text("abä1", max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
#: Each word with what it may ask, whether that is known or not; a schema is any choice of them.
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "title": st.just("A title"),
    "type": st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"]),
    "minLength": st.integers(0, 3),
    "maxLength": st.integers(0, 3),
    "pattern": st.sampled_from(["^a", "b$", "[^ab]", "1|ä"]),
    "enum": st.lists(st.sampled_from(["a", "ab", 1, True, None, 2.0]), min_size=1),
    "const": st.sampled_from(["a", 1, False]),
    "minimum": st.integers(-2, 2),
    "maximum": st.integers(-2, 2),
    "exclusiveMinimum": st.integers(-2, 2),
    "exclusiveMaximum": st.integers(-2, 2),
    "multipleOf": st.sampled_from([2, 0.5]),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2),
    "uniqueItems": st.booleans(),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "maxProperties": st.integers(0, 2),
    "minProperties": st.integers(0, 2),
}


#: The words that are known of each type: with others it is seldom that anything is evident.
RANGE = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
OF_TYPE = {
    "object": ("properties", "additionalProperties", "propertyNames", "required", "maxProperties"),
    "array": ("items", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "pattern", "enum", "const"),
    "number": RANGE,
    "integer": RANGE,
}


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas that hold some of *inner*, of all words or of those of one type alone."""
    words = {
        **PLAIN,
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "additionalProperties": inner,
        "propertyNames": inner,
        "items": inner,
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
    }
    return st.booleans() | st.fixed_dictionaries({}, optional=words) | st.one_of([typed(k, words) for k in OF_TYPE])


def typed(kind: str, words: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"type": st.just(kind)}, optional={word: words[word] for word in OF_TYPE[kind]})


SCHEMAS = st.recursive(st.fixed_dictionaries({}, optional=PLAIN), nested, max_leaves=5)


#: Of each type: schemas of one level, and values of it.
INNER = {
    **PLAIN,
    "properties": st.just({"a": {"type": "integer"}}),
    "additionalProperties": st.booleans() | st.just({"type": "integer", "maximum": 0}),
    "propertyNames": st.just({"type": "string", "maxLength": 1, "pattern": "[ab]"}),
    "items": st.just({"type": "integer", "maximum": 0}),
}
NUMBERS = st.integers(-3, 3)
LEVEL = st.one_of(
    st.tuples(typed("object", INNER), st.dictionaries(NAMES, NUMBERS, max_size=3)),
    st.tuples(typed("array", INNER), st.lists(NUMBERS, max_size=3)),
    st.tuples(typed("string", INNER), st.text("abä1", max_size=4)),
    st.tuples(typed("number", INNER), NUMBERS | st.floats(-3, 3)),
    st.tuples(typed("integer", INNER), NUMBERS),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SCHEMAS, VALUES)
def test_what_is_evident_the_library_finds_nothing_wrong_with(schema: Any, value: Any) -> None:
    if evident(schema)(value):
        assert Draft202012Validator(schema).is_valid(value)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(LEVEL)
def test_by_the_words_of_its_type_a_value_is_evidently_right_where_the_library_finds_it_so(
    level: tuple[Any, Any],
) -> None:
    schema, value = level
    assert evident(schema)(value) is Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "a"},
        {"type": "a", "params": {"rows": [1, {"b": None}]}, "priority": 9, "delay_seconds": 0.5},
        {"type": "a", "expires_in_seconds": 60, "max_attempts": 1, "concurrency_key": "k"},
    ],
)
def test_of_a_usual_body_it_is_evident_that_nothing_is_wrong(body: dict[str, Any]) -> None:
    assert evident(SUBMISSION)(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": ""},
        {"type": 1},
        {"type": "a", "params": []},
        {"type": "a", "priority": 9.5},
        {"type": "a", "priority": True},
        {"type": "a", "delay_seconds": float("nan")},
        {"type": "a", "more": 1},
        [],
    ],
)
def test_what_is_wrong_is_never_evident(body: Any) -> None:
    assert not evident(SUBMISSION)(body)


def test_of_a_schema_that_names_uploads_the_library_judges_all() -> None:
    file = {"type": "string", "format": "tailrace-file"}
    schema = {"type": "object", "properties": {"in": {"anyOf": [file, {"type": "string"}]}}}
    assert judge(schema, {"in": "an upload"}) == Verdict([], ["an upload"])
    assert judge(schema, {"in": "an upload"}, missing=["an upload"]).faults == []


def test_each_schema_is_judged_by_itself_also_where_one_is_like_another() -> None:
    for most in (1, 2, 1, 2):
        found = judge({"type": "string", "maxLength": most}, "aa")
        assert bool(found.faults) is (most == 1)

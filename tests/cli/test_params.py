"""Words on the command line become params as the job type's schema says."""

from pathlib import Path
from typing import Any

import pytest

from cli.errors import UsageError
from cli.params import read_params

FILE = {"type": "string", "format": "tailrace-file"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {"Mode": {"enum": ["fast", "slow"], "type": "string"}, "Point": {"type": "object"}},
    "properties": {
        "n": {"type": "integer"},
        "ratio": {"type": "number"},
        "deep": {"type": "boolean"},
        "text": {"type": "string"},
        "mode": {"$ref": "#/$defs/Mode"},
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "label": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "counts": {"type": "array", "items": {"type": "integer"}},
        "point": {"$ref": "#/$defs/Point"},
        "file": FILE,
        "other": {"anyOf": [FILE, {"type": "null"}]},
    },
}


def read(*words: str, schema: dict[str, Any] = SCHEMA) -> dict[str, Any]:
    return read_params(words, schema, lambda path: f"id-of-{path.name}")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("n=3", 3),
        ("n=-3", -3),
        ("ratio=0.5", 0.5),
        ("ratio=2", 2),
        ("deep=yes", True),
        ("deep=0", False),
        ("text=12", "12"),
        ("text=", ""),
        ("text=a=b", "a=b"),
        ("mode=fast", "fast"),
        ("limit=5", 5),
        ("limit=null", None),
        ("label=", ""),
        ("tags=a", ["a"]),
        ('tags=["a","b"]', ["a", "b"]),
        ("counts=3", [3]),
        ('point={"x":1}', {"x": 1}),
        ('text:="12"', "12"),
        ("n:=[1]", [1]),
        ("unknown=7", 7),
        ("unknown=word", "word"),
        ("file=@/a/b.csv", "id-of-b.csv"),
    ],
)
def test_a_value_is_read_as_the_schema_says(word: str, value: object) -> None:
    (found,) = read(word).values()
    assert found == value
    assert type(found) is type(value)


def test_a_list_grows_with_every_mention() -> None:
    assert read("tags=a", "tags=b") == {"tags": ["a", "b"]}


def test_a_bare_file_fills_the_next_file_param() -> None:
    assert read("@a.csv", "n=1", "@b.csv") == {"n": 1, "file": "id-of-a.csv", "other": "id-of-b.csv"}
    assert read("@b.csv", "file=@a.csv") == {"file": "id-of-a.csv", "other": "id-of-b.csv"}


def test_bare_files_fill_a_list_of_files() -> None:
    schema = {"properties": {"files": {"type": "array", "items": FILE}}}
    assert read("@a", "@b", schema=schema) == {"files": ["id-of-a", "id-of-b"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("n=x",), "n='x' is not integer"),
        (("n=1", "n=2"), "given twice"),
        (("word",), "neither key=value nor @file"),
        (("=1",), "neither"),
        (("n:={",), "is not JSON"),
        (("deep=maybe",), "is not boolean"),
        (("@a", "@b", "@c"), "@c: this job type takes 2 more"),
        (("ratio=1e999",), "too large"),
        (("ratio:=NaN",), "too large"),
    ],
)
def test_a_word_that_cannot_be_is_told(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(*words)


def test_a_type_without_a_file_says_so() -> None:
    with pytest.raises(UsageError, match="takes no more file"):
        read("@a", schema={"properties": {"n": {"type": "integer"}}})


def test_home_is_known_in_a_path() -> None:
    seen: list[Path] = []
    read_params(["@~/a.csv"], SCHEMA, lambda path: seen.append(path) or "id")  # type: ignore[func-returns-value]
    assert seen == [Path.home() / "a.csv"]

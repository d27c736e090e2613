"""What the page's forms are drawn from: titles that people read, defaults that are told, samples that are there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.service import ROOT
from worker import catalogue
from worker.job_type import JobType

KINDS = [kind for kind in vars(catalogue).values() if isinstance(kind, JobType)]
each_type = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def params(kind: JobType) -> Iterator[dict[str, Any]]:
    """Every param, those within others too."""
    schema = kind.schema()
    for model in (schema, *schema.get("$defs", {}).values()):
        yield from model.get("properties", {}).values()


@each_type
def test_a_title_is_written_for_people_as_a_sentence_begins(kind: JobType) -> None:
    titles = [param["title"] for param in params(kind)]
    assert [title for title in titles if re.search(r"^[a-z]| [A-Z][a-z]|_", title)] == []


@each_type
def test_a_param_that_may_be_left_out_tells_what_holds_then(kind: JobType) -> None:
    schema = kind.schema()
    optional = {name: param for name, param in schema["properties"].items() if name not in schema.get("required", ())}
    assert [name for name, param in optional.items() if "default" not in param and param.get("type") != "array"] == []


@each_type
def test_the_example_runs_from_one_click(kind: JobType) -> None:
    schema, example = kind.schema(), kind.example
    assert example is not None
    assert set(schema.get("required", ())) <= set(example)
    uploads = {name for name, param in schema["properties"].items() if "tailrace-file" in str(param)}
    samples = {name: schema["properties"][name].get("sample", []) for name in uploads & set(example)}
    for names in samples.values():
        assert names
        for name in [names] if isinstance(names, str) else names:
            assert (ROOT / "examples" / "data" / name).is_file()

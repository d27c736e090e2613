import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from pydantic import BaseModel, ConfigDict

from jobs.events import StepPlan
from tailrace import FileId, JobFailed, job
from tests.service import ROOT
from worker.job_type import Shape


class Params(BaseModel):
    n: int = 10


@job("count", params=Params, example={"n": 3}, steps={"prepare": 1, "count": 9}, timeout_seconds=60)
def count(_ctx: object, params: Params) -> int:
    """Counts to n."""
    return params.n


def test_what_an_author_imports_loads_neither_celery_nor_redis() -> None:
    heavy = ("celery", "kombu", "billiard", "redis", "fsspec", "polars", "gevent", "flask")
    code = f"import sys, tailrace; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_job_type_can_still_be_called_as_the_function_it_was() -> None:
    assert count(None, Params(n=4)) == 4


def test_the_entry_says_what_the_catalogue_has_to_know() -> None:
    entry = count.entry()
    assert (entry.name, entry.title, entry.description) == ("count", "Count", "Counts to n.")
    assert entry.params_schema["properties"]["n"]["default"] == 10
    assert entry.steps == [
        StepPlan(name="prepare", title="Prepare", weight=1.0),
        StepPlan(name="count", title="Count", weight=9.0),
    ]
    assert (entry.example, entry.timeout_seconds, entry.max_attempts, entry.queue) == ({"n": 3}, 60, 3, "default")


def test_a_param_that_no_model_knows_is_a_fault_unless_the_model_says_else() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    @job("open", params=Open)
    def open_to_all(_ctx: object, _params: Open) -> None: ...

    assert count.schema()["additionalProperties"] is False
    assert open_to_all.schema()["additionalProperties"] is True


def test_a_file_id_is_a_plain_string_that_the_page_draws_as_an_upload() -> None:
    class WithFile(BaseModel):
        file: FileId

    @job("filed", params=WithFile)
    def filed(_ctx: object, _params: WithFile) -> None: ...

    assert filed.schema()["properties"]["file"]["format"] == "tailrace-file"
    assert filed.schema()["properties"]["file"]["type"] == "string"


def test_params_that_do_not_fit_are_told_fault_by_fault() -> None:
    with pytest.raises(JobFailed) as caught:
        count.read({"n": "many"})
    assert caught.value.code == "invalid"
    assert caught.value.detail is not None
    assert caught.value.detail["errors"][0]["pointer"] == "/n"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Count"},
        {"name": "a b"},
        {"name": "x", "queue": "no queue"},
        {"name": "x", "max_attempts": 0},
        {"name": "x", "timeout_seconds": 0},
        {"name": "x", "steps": {"a": -1}},
        {"name": "x", "steps": [""]},
        {"name": "x", "max_running": 0},
        {"name": "x", "max_running_per_key": 0},
        {"name": "x", "memory_limit_bytes": 1000},
        {"name": "x", "params": Params, "example": {"n": "many"}},
    ],
)
def test_a_declaration_that_cannot_work_is_refused_where_it_stands(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        job(**wrong)  # type: ignore[arg-type]


def test_a_function_that_the_service_cannot_call_is_refused_where_it_stands() -> None:
    with pytest.raises(TypeError, match="takes"):

        @job("bare", params=Params)
        def bare(ctx: object) -> None: ...


async def _awaited(_ctx: object) -> None: ...


def _yielding(_ctx: object) -> Iterator[str]:
    yield "a"


async def _both(_ctx: object) -> AsyncIterator[str]:
    yield "a"


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda _ctx: None, Shape.PLAIN),
        (_yielding, Shape.GENERATOR),
        (_awaited, Shape.ASYNC),
        (_both, Shape.ASYNC_GENERATOR),
    ],
)
def test_a_function_may_be_plain_or_yield_or_be_awaited(function: Callable[..., object], shape: Shape) -> None:
    assert job("x")(function).shape is shape


def test_a_step_may_be_declared_with_its_title() -> None:
    kind = job("x", steps={"read": ("Read the data", 2), "draw": 1})(lambda _ctx: None)
    assert [(step.title, step.weight) for step in kind.steps] == [("Read the data", 2.0), ("Draw", 1.0)]


def test_a_type_says_which_errors_are_worth_another_attempt() -> None:
    by_type = job("x", retry_on=(ConnectionError, TimeoutError))(lambda _ctx: None)
    by_word = job("y", retry_on=lambda error: "again" in str(error))(lambda _ctx: None)
    assert by_type.retries(ConnectionResetError())
    assert not by_type.retries(ValueError())
    assert not job("z")(lambda _ctx: None).retries(ConnectionError())
    assert by_word.retries(ValueError("try again"))
    assert not by_word.retries(ValueError("never"))
    assert not job("w", retry_on=Exception)(lambda _ctx: None).retries(JobFailed("no", "No."))

"""The decorator that makes a function a job type; importing it loads neither Celery nor Redis."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from jobs.events import StepPlan
from worker.backoff import Backoff
from worker.job_type import Function, JobType, NoParams, RetryOn, Shape

#: A param that is an uploaded file: the page draws an upload for it, a job that names no such file is refused.
FileId = Annotated[str, Field(pattern=r"^[0-9a-z]{26}$", json_schema_extra={"format": "tailrace-file"})]

#: Job types and queues: they become part of URLs, Redis keys and queue names.
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)
_STEP_CHARACTERS = 100
_LEAST_MEMORY = 128 * 1024 * 1024

#: Names in their order; or names with their weights, or with their titles and weights.
Steps = Mapping[str, float | tuple[str, float]] | Iterable[str]


def job(
    name: str,
    *,
    title: str | None = None,
    description: str | None = None,
    params: type[BaseModel] | None = None,
    example: Mapping[str, Any] | None = None,
    queue: str = "default",
    timeout_seconds: float | None = None,
    max_attempts: int = 3,
    steps: Steps = (),
    max_running: int | None = None,
    max_running_per_key: int = 1,
    memory_limit_bytes: int | None = None,
    retry_on: RetryOn = (),
    backoff: Backoff | None = None,
    capture: bool = False,
) -> Callable[[Function], JobType]:
    """Makes a function ``(ctx, params) -> result``, plain, async or yielding, the job type *name*.

    *description* is the docstring unless given; *steps* are names in their order, or names with weights, or with titles
    and weights. *max_running* jobs of the type run at a time, over all workers, and *max_running_per_key* of those with
    one ``concurrency_key``. Exceptions in *retry_on* lead to another attempt after a pause that *backoff* gives.
    ValueError or TypeError where the declaration cannot work.
    """
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(queue):
        raise ValueError(f"job {name!r}: names and queues are lower-case letters, digits and . _ -, at most 64")
    if max_attempts < 1 or (timeout_seconds is not None and timeout_seconds <= 0):
        raise ValueError(f"job {name!r}: max_attempts is at least 1, timeout_seconds more than 0")
    if min(max_running_per_key, 1 if max_running is None else max_running) < 1:
        raise ValueError(f"job {name!r}: max_running and max_running_per_key are at least 1")
    if memory_limit_bytes is not None and memory_limit_bytes < _LEAST_MEMORY:
        raise ValueError(f"job {name!r}: memory_limit_bytes below {_LEAST_MEMORY} leave Python itself no room")
    model = params or NoParams
    plan = _plan(name, steps)
    if example is not None:
        model.model_validate(dict(example))

    def decorate(function: Function) -> JobType:
        return JobType(
            function=function,
            name=name,
            title=title or name.replace("_", " ").replace("-", " ").capitalize(),
            description=description if description is not None else inspect.getdoc(function) or "",
            params=model,
            example=None if example is None else dict(example),
            queue=queue,
            timeout_seconds=timeout_seconds,
            max_attempts=max_attempts,
            steps=plan,
            max_running=max_running,
            max_running_per_key=max_running_per_key,
            memory_limit_bytes=memory_limit_bytes,
            retry_on=retry_on,
            backoff=backoff or Backoff(),
            capture=capture,
            shape=_shape(function),
            takes_params=_takes_params(name, function, needed=params is not None),
        )

    return decorate


def _plan(name: str, steps: Steps) -> tuple[StepPlan, ...]:
    given = dict(steps) if isinstance(steps, Mapping) else dict.fromkeys(steps, 1.0)
    return tuple(_planned(name, step, weight) for step, weight in given.items())


def _planned(name: str, step: str, given: float | tuple[str, float]) -> StepPlan:
    title, weight = given if isinstance(given, tuple) else (step.replace("_", " ").capitalize(), given)
    if not step or len(step) > _STEP_CHARACTERS or weight < 0:
        raise ValueError(f"job {name!r}: a step has a name of 1 to 100 characters and a weight of 0 or more")
    return StepPlan(name=step, title=title, weight=float(weight))


def _shape(function: Function) -> Shape:
    for shape, fits in (
        (Shape.ASYNC, inspect.iscoroutinefunction),
        (Shape.GENERATOR, inspect.isgeneratorfunction),
        (Shape.ASYNC_GENERATOR, inspect.isasyncgenfunction),
    ):
        if fits(function):
            return shape
    return Shape.PLAIN


def _takes_params(name: str, function: Function, *, needed: bool) -> bool:
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = sum(parameter.kind in places for parameter in inspect.signature(function).parameters.values())
    if taken < 1 + needed:
        raise TypeError(f"job {name!r}: its function takes (ctx, params)" if needed else f"job {name!r}: no ctx taken")
    return taken > 1

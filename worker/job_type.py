"""A job type: a function, and what the service has to know of it. Importing this loads neither Celery nor Redis."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from jobs.events import StepPlan
from worker.backoff import Backoff
from worker.outcomes import JobFailed, Retry

if TYPE_CHECKING:
    from jobs.catalogue import TypeEntry
    from worker.context import Context

Function = Callable[..., Any]
#: Which exceptions are worth another attempt: types of them, or a function that says so of each.
RetryOn = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]


class Shape(Enum):
    """What calling the function gives."""

    #: The result.
    PLAIN = "plain"
    #: Pieces of output, and the result at their end.
    GENERATOR = "generator"
    #: Something to await for the result.
    ASYNC = "async"
    #: Pieces of output to await, and no result.
    ASYNC_GENERATOR = "async generator"


class NoParams(BaseModel):
    """The params of a job type that takes none."""

    model_config = ConfigDict(extra="forbid")


class JobType(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A function and what the service has to know of it; calling it calls the function."""

    function: Function
    name: str
    title: str
    description: str
    params: type[BaseModel]
    example: dict[str, Any] | None
    queue: str
    timeout_seconds: float | None
    max_attempts: int
    steps: tuple[StepPlan, ...]
    max_running: int | None
    max_running_per_key: int
    #: What its process, with all that it has started, may hold in memory.
    memory_limit_bytes: int | None
    retry_on: RetryOn
    backoff: Backoff
    #: Whether what it prints and logs is told as log events.
    capture: bool
    shape: Shape
    #: Whether the function takes its params; one without a model may leave the argument out.
    takes_params: bool

    def __call__(self, ctx: "Context", *args: Any, **kwargs: Any) -> Any:
        return self.function(ctx, *args, **kwargs)

    def read(self, params: Mapping[str, Any]) -> BaseModel:
        """The params as the author's model; JobFailed ``invalid`` with every fault where they do not fit."""
        try:
            return self.params.model_validate_json(msgspec.json.encode(params))
        except ValidationError as error:
            faults = [{"pointer": _pointer(fault["loc"]), "detail": fault["msg"]} for fault in error.errors()[:20]]
        raise JobFailed("invalid", "The params do not fit this job type.", detail={"errors": faults})

    def run(self, ctx: "Context", params: BaseModel) -> Any:
        """What the function returns for *params*."""
        return self.function(ctx, params) if self.takes_params else self.function(ctx)

    def retries(self, error: BaseException) -> bool:
        """Whether *error* is worth another attempt by the type's own policy; JobFailed and Retry say so themselves."""
        if not isinstance(error, Exception) or isinstance(error, JobFailed | Retry):
            return False
        if isinstance(self.retry_on, type | tuple):
            return isinstance(error, self.retry_on)
        return bool(self.retry_on(error))

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the params; a member that the model does not know is a fault unless the model says else."""
        schema = self.params.model_json_schema()
        if self.params.model_config.get("extra") is None:
            schema.setdefault("additionalProperties", False)
        return schema

    def entry(self) -> "TypeEntry":
        """What the catalogue publishes of this type."""
        from jobs.catalogue import TypeEntry  # noqa: PLC0415 - it brings Redis, which authors need not have

        return TypeEntry(
            name=self.name,
            title=self.title,
            description=self.description,
            params_schema=self.schema(),
            example=self.example,
            queue=self.queue,
            max_attempts=self.max_attempts,
            timeout_seconds=self.timeout_seconds,
            steps=list(self.steps) or None,
            max_running=self.max_running,
            max_running_per_key=self.max_running_per_key,
        )


def named(name: str, kind: JobType) -> JobType:
    """*kind* under a name that is not ours to choose."""
    return msgspec.structs.replace(kind, name=name)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)

"""What stands around an author's function while it runs: its context within reach, its output heard, its bars told."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from worker.capture import listening
from worker.context import Context
from worker.job_type import JobType
from worker.patches import told

_running: ContextVar[Context | None] = ContextVar("running", default=None)


def current() -> Context | None:
    """The context of the job that this code is part of; None where there is none."""
    return _running.get()


@contextmanager
def around(kind: JobType, ctx: Context) -> Iterator[None]:
    token = _running.set(ctx)
    try:
        with listening(ctx, on=kind.capture), told(ctx):
            yield
    finally:
        _running.reset(token)

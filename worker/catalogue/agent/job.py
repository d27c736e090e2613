"""The job itself: the order of its steps; what they need is loaded once it runs."""

from typing import TYPE_CHECKING, Any

from worker.catalogue.agent.limits import MEMORY_BYTES
from worker.catalogue.agent.params import Params
from worker.context import Context
from worker.job import job

if TYPE_CHECKING:
    from worker.catalogue.agent.work import Work


@job(
    "agent",
    title="Agent with tools",
    description="Answers a goal from your files: searches documents, asks tables by SQL, draws, has reports made.",
    params=Params,
    example={
        "goal": "Which airport has the highest mean departure delay?",
        "files": ["01jd0000000000000000000000"],
    },
    timeout_seconds=86_400,
    memory_limit_bytes=MEMORY_BYTES,
    max_attempts=3,
    steps={
        "understand": ("Understand the files", 2),
        "plan": ("Plan", 1),
        "search": ("Search the documents", 1),
        "tools": ("Call tools", 6),
        "answer": ("Answer", 2),
    },
)
def agent(ctx: Context, params: Params) -> dict[str, Any]:
    """Answers a goal."""
    work = _work(ctx, params)
    work.understand()
    work.plan()
    work.search()
    work.call_tools()
    return work.answer()


def _work(ctx: Context, params: Params) -> "Work":
    from worker.catalogue.agent.work import Work  # noqa: PLC0415 - light itself, but not for the worker's main process

    return Work(ctx, params)

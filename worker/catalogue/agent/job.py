"""The job itself: its params and the order of its steps; what they need is loaded once it runs."""

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from worker.catalogue.agent.limits import MAX_FILES, MEMORY_BYTES
from worker.context import Context
from worker.job import FileId, job

if TYPE_CHECKING:
    from worker.catalogue.agent.work import Work


class Params(BaseModel):
    """What is to be found out, from what, and how much may be spent on it."""

    model_config = ConfigDict(extra="forbid")

    goal: str = Field(
        min_length=1,
        max_length=4000,
        description="What you want to know, in your words.",
        title="Goal",
    )
    files: list[FileId] = Field(
        default_factory=list,
        max_length=MAX_FILES,
        description="Documents (text, Markdown, HTML, PDF, DOCX) and tables (CSV, TSV, Parquet, JSON, XLSX).",
        title="Files",
        json_schema_extra={"sample": "nyc-airports-2013.csv"},
    )
    max_steps: int = Field(default=12, ge=1, le=50, description="Each is a step.", title="Most tool calls")
    max_tokens: int = Field(
        default=60_000,
        ge=500,
        le=2_000_000,
        description="Read and written by the model together.",
        title="Most tokens",
    )
    max_seconds: float = Field(
        default=600, ge=1, le=86_400, description="Of work; reports are included.", title="Most seconds"
    )
    model: str = Field(
        default="",
        max_length=200,
        description="Name of the model at the endpoint; its usual one if empty.",
        title="Model",
    )


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

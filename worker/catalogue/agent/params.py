"""What an agent is asked for."""

from pydantic import BaseModel, ConfigDict, Field

from worker.catalogue.agent.limits import MAX_FILES
from worker.job import FileId


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

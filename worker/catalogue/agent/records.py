"""What is kept of an agent's work, so that no later run does it again: turns, calls, results and their sources."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Kept as JSON, read back the same."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Source(Record):
    """Where something stands: a place in a file, or what was asked of a table."""

    file: str
    place: str = ""
    query: str = ""

    def told(self) -> str:
        """`notes.md, lines 3–9`, or `sales.csv: SELECT …`."""
        where = ", ".join(part for part in (self.file, self.place) if part)
        return f"{where}: {' '.join(self.query.split())}" if self.query else where


class Call(Record):
    """A tool that is to be called, with its arguments as they were given, whatever they are."""

    id: str
    tool: str
    arguments: dict[str, Any] | str
    #: Why, in a sentence; a model says it in its turn's text instead.
    why: str = ""


class Turn(Record):
    """What a planner said in one go, and what it wants called."""

    text: str = ""
    calls: list[Call] = Field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0
    #: The time was up before it had ended.
    cut: bool = False


class Result(Record):
    """What a tool gave back: `content` for the planner, `summary` for people."""

    ok: bool
    content: dict[str, Any]
    summary: str
    sources: list[Source] = Field(default_factory=list)
    seconds: float = 0.0

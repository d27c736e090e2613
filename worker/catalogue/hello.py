"""The smallest job type: one greeting, and done."""

from pydantic import BaseModel, ConfigDict, Field

from worker.context import Context
from worker.job import job


class Params(BaseModel):
    """Whom to greet."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="world", min_length=1, max_length=100, description="Whom to greet.", title="Name")


@job(
    "hello",
    title="Hello",
    description="Says hello, and is done.",
    params=Params,
    example={"name": "world"},
    timeout_seconds=30,
)
def hello(ctx: Context, params: Params) -> dict[str, str]:
    """Greet someone."""
    greeting = f"Hello, {params.name}!"
    ctx.output("text").write(greeting)
    ctx.progress(1, message=greeting)
    return {"greeting": greeting}

"""Job types that tell what the kinds of work tell: a training run, a watch over figures, a batch, an agent, a form."""

import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tailrace import Context, FileId, JobFailed, job

#: A noon: what is measured from here on is drawn against the clock.
NOON = 1_767_268_800


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Gate(Strict):
    gate: str = Field("", description="It goes on when this file exists; at once if empty.")


def _pass(ctx: Context, gate: str) -> None:
    while gate and not Path(gate).exists():
        ctx.raise_if_cancelled()
        time.sleep(0.01)


@job("curves", title="Curves", params=Gate)
def curves(ctx: Context, params: Gate) -> None:
    for epoch in range(1, 41):
        ctx.metric("loss/train", 1 / epoch, step=epoch)
        ctx.metric("loss/validation", 0.1 + 1 / epoch, step=epoch)
        ctx.metric("cpu", 30 + epoch, step=NOON + 30 * epoch, unit="%")
        ctx.metric("memory", 70, step=NOON + 30 * epoch, unit="%")
        ctx.metric("disk.read", 1_500_000 * epoch, step=NOON + 30 * epoch, unit="B/s")
    ctx.metric("rows", 336_776)
    _pass(ctx, params.gate)


@job("watch", title="Watch", params=Gate)
def watch(ctx: Context, params: Gate) -> None:
    ctx.alert("cpu above 90", message="The CPU is busy.", severity="critical", value=97.25, threshold=90)
    ctx.alert("shop is slow", message="It takes longer than usual.", severity="warning", value=812.0)
    ctx.alert("shop is slow", message="It is as quick as usual.", severity="warning", firing=False)
    _pass(ctx, params.gate)


@job("batch", title="Batch")
def batch(ctx: Context) -> None:
    with ctx.step("files") as step:
        for n in step.track(range(1000), unit="files"):
            if n % 20 == 3:
                ctx.item(f"in/{n:04}.pdf", "failed", error=JobFailed("broken_pdf", f"Page {n} cannot be read."))
            else:
                ctx.item(f"in/{n:04}.pdf", "succeeded", pages=n, sha256="a1" * 32)


@job("thinks", title="Thinks", params=Gate)
def thinks(ctx: Context, params: Gate) -> None:
    thoughts, answer = ctx.output("thinking"), ctx.output("answer")
    thoughts.write("First the one, then the other.\n")
    _pass(ctx, params.gate)
    answer.write("".join(f"Line {n} of the answer.\n" for n in range(80)))


class Clip(Strict):
    """A part of a picture."""

    kind: Literal["clip"]
    width: int = Field(100, ge=1, le=500)


class Scale(Strict):
    """A picture of another size."""

    kind: Literal["scale"]
    factor: float = Field(gt=0, le=4, description="1 leaves it as it is.")
    keep: bool = True


class Message(Strict):
    role: Literal["system", "user"] = "user"
    content: str = Field(min_length=1, max_length=50_000)


class Place(Strict):
    city: str = Field("", max_length=20)
    floors: list[int] = []


class Shapes(Strict):
    operation: Clip | Scale = Field(Clip(kind="clip"), discriminator="kind")
    steps: list[Annotated[Clip | Scale, Field(discriminator="kind")]] = Field([], max_length=3)
    messages: list[Message] = []
    place: Place | None = None
    stop: list[str] | str | None = None
    files: list[FileId] = Field([], json_schema_extra={"sample": "nyc-airports-2013.csv"})


EXAMPLE = {
    "operation": {"kind": "scale", "factor": 0.5, "keep": False},
    "steps": [{"kind": "clip", "width": 7}, {"kind": "scale", "factor": 2.0, "keep": True}],
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
    "place": {"city": "Ulm", "floors": [1, 2]},
    "stop": ["END"],
    "files": ["01jd0000000000000000000000"],
}


@job("shapes", title="Shapes", params=Shapes, example=EXAMPLE)
def shapes(_: Context, params: Shapes) -> dict[str, Any]:
    return params.model_dump()

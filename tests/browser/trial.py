"""Job types that show everything a page may have to show, and stop where a test wants to look."""

import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tailrace import Context, JobFailed, job

MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><path d="M2 18L38 2" stroke="teal"/></svg>'


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Form(Strict):
    name: str = Field("Ada", max_length=20, description="Who it is for.")
    count: int = Field(3, ge=1, le=9)
    ratio: float | None = Field(None, gt=0)
    wanted: bool = True
    colour: Literal["red", "green"] = "red"
    words: list[str] = []
    labels: dict[str, str] = {}
    more: dict[str, Any] = {}


@job("echo", title="Echo", description="Gives it back.", params=Form, example={"name": "Grace", "count": 5})
def echo(_: Context, params: Form) -> dict[str, Any]:
    return params.model_dump()


class Gate(Strict):
    gate: str = Field(description="It goes on when this file exists.")


def _pass(ctx: Context, gate: str) -> None:
    while not Path(gate).exists():
        ctx.raise_if_cancelled()
        time.sleep(0.01)


@job("everything", title="Everything", params=Gate, steps={"first": 1, "second": 1}, max_attempts=1)
def everything(ctx: Context, params: Gate) -> dict[str, Any]:
    with ctx.step("first", title="The first step") as step:
        with ctx.step("inner", title="A step within"):
            ctx.log(MARKUP, level="warning", line=7)
        step.progress(done=40, total=100, unit="rows", message="half of it")
        step.summary("100 rows")
    with ctx.step("second", title=MARKUP):
        ctx.output("story").write(f"Before the gate. {MARKUP} 水 🚰\n")
        for index in range(30):
            ctx.metric("loss", 1 / (index + 1), step=index)
        ctx.item("good.csv", "succeeded", rows=3)
        ctx.item("bad.csv", "failed", error=JobFailed("empty", "Nothing in it."))
        ctx.alert("cpu", message="The CPU is busy", severity="critical", value=0.97, threshold=0.9)
        ctx.artifact("line.svg", SVG, media_type="image/svg+xml")
        ctx.artifact("page.html", f"<h1>{MARKUP}</h1>", media_type="text/html")
        _pass(ctx, params.gate)
        ctx.output("story").write("After the gate.\n")
    return {"rows": 336776, "title": MARKUP, "years": [{"year": 1949, "mean": 126.7}, {"year": 1950, "mean": 139.7}]}


@job("broken", title="Broken", max_attempts=1)
def broken(_: Context) -> None:
    raise JobFailed("no_rows", f"The file has no rows. {MARKUP}", detail={"lines": 1})

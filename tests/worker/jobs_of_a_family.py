"""Job types that wait for one another."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tailrace import ChildFailed, Context, FileId, JobFailed, job


class Work(BaseModel):
    seconds: float = 0.0
    marks: str = ""
    fails: bool = False
    file: FileId | None = None


@job("part", params=Work, max_attempts=9)
def part(ctx: Context, params: Work) -> str:
    """Takes so long, tells how far it is, and leaves an artifact."""
    _mark(params.marks, f"{ctx.job_id} {ctx.attempt}")
    with ctx.step("work", title="Working") as step:
        turns = range(round(params.seconds * 100))
        for n in step.track(turns):
            ctx.progress((n + 1) / len(turns))
            time.sleep(0.01)
    if params.fails:
        raise JobFailed("no_good", "It is no good.")
    ctx.artifact("part.txt", "a part")
    return ctx.job_id


class Whole(BaseModel):
    seconds: float = 0.0
    parts: int = 2
    marks: str = ""
    fails: bool = False


@job("whole", params=Whole)
def whole(ctx: Context, params: Whole) -> list[Any]:
    """Has its parts made one after the other."""
    with ctx.step("parts"):
        given = {"seconds": params.seconds, "marks": params.marks, "fails": params.fails}
        made = [
            ctx.child("part", given, name=f"part {n}", weight=1 / params.parts, labels={"part": str(n)})
            for n in range(params.parts)
        ]
    return [[child.id, child.result, [artifact.name for artifact in child.artifacts]] for child in made]


@job("forgiving", params=Whole)
def forgiving(ctx: Context, params: Whole) -> list[str | None]:
    """Says what became of its child."""
    try:
        ctx.child("part", {"seconds": params.seconds, "fails": params.fails})
    except ChildFailed as error:
        return [error.job_id, error.state, error.error.code]
    return [None, "succeeded", ""]


class Question(BaseModel):
    child: str
    params: dict[str, Any] = {}
    labels: dict[str, str] = {}
    marks: int = 0


@job("asking", params=Question)
def asking(ctx: Context, params: Question) -> list[Any]:
    """Asks for whatever child it is told to."""
    given = {**params.params, **({"marks": "x" * params.marks} if params.marks else {})}
    try:
        return [ctx.child(params.child, given, labels=params.labels).result]
    except ChildFailed as error:
        return [error.job_id, error.state, error.error.code]


@job("endless")
def endless(ctx: Context) -> int:
    """Has a child like itself, until there can be none."""
    try:
        deeper: int = ctx.child("endless").result
    except ChildFailed as error:
        if error.error.code != "too_deep":
            raise
        return 0
    return deeper + 1


@job("fragile", params=Whole)
def fragile(ctx: Context, params: Whole) -> str:
    """Dies right before its child, and right behind it, at its first attempts."""
    if ctx.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    child = ctx.child("part", {"seconds": params.seconds, "marks": params.marks})
    if ctx.attempt == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return child.id


def _mark(marks: str, line: str) -> None:
    if marks:
        with Path(marks).open("a") as file:
            file.write(line + "\n")

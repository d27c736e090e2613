"""Job types that the acceptance tests load through TAILRACE_JOBS, as a user's module is."""

import os
import time
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, Field

from tailrace import Context, job


class Steady(BaseModel):
    count: int = Field(default=10, ge=0)
    pause: float = 0.0


@job("steady", params=Steady)
def steady(ctx: Context, params: Steady) -> int:
    """One item after another."""
    for n in range(params.count):
        ctx.item(f"item {n}", "succeeded")
        if params.pause:
            time.sleep(params.pause)
    return params.count


@job("timed", params=Steady)
def timed(ctx: Context, params: Steady) -> float:
    """One item after another; how long the slowest call took, in seconds."""
    slowest = 0.0
    for n in range(params.count):
        before = time.monotonic()
        ctx.item(f"item {n}", "succeeded")
        slowest = max(slowest, time.monotonic() - before)
        time.sleep(params.pause)
    return slowest


class Marked(BaseModel):
    file: str
    seconds: float = 5.0


@job("marked", params=Marked, steps=["wait"])
def marked(ctx: Context, params: Marked) -> int:
    """Writes its pid into a file when it begins and when it ends."""
    _mark(params.file, f"begin {os.getpid()} {ctx.attempt}")
    with ctx.step("wait") as step:
        for _ in step.track(range(round(params.seconds * 50))):
            time.sleep(0.02)
    _mark(params.file, f"end {os.getpid()} {ctx.attempt}")
    return ctx.attempt


def _mark(file: str, line: str) -> None:
    with Path(file).open("a") as marks:
        marks.write(line + "\n")


@job("stubborn", params=Marked)
def stubborn(ctx: Context, params: Marked) -> None:
    """Never looks up from its work, and lets nothing take it off."""
    _mark(params.file, f"begin {os.getpid()} {ctx.attempt}")
    while True:
        with suppress(BaseException):
            time.sleep(60)


@job("narrow", params=Marked, max_running=2)
def narrow(_ctx: Context, params: Marked) -> None:
    """Runs beside one other of its kind, however many workers there are."""
    _mark(params.file, f"begin {os.getpid()}")
    time.sleep(params.seconds)
    _mark(params.file, f"end {os.getpid()}")


class Chat(BaseModel):
    turns: int = 60
    pause: float = 0.02


@job("chatty", params=Chat, steps=["talk"])
def chatty(ctx: Context, params: Chat) -> int:
    """Tells much of every kind, and now and then something that matters."""
    with ctx.step("talk") as step:
        for line in range(40):
            ctx.log(f"line {line}")
        for turn in range(params.turns):
            step.progress(turn + 1, params.turns)
            ctx.metric("loss", 1 / (turn + 1), step=turn)
            if turn % 5 == 0:
                ctx.output("text").write(f"{turn} ")
            if turn % 20 == 19:
                ctx.item(f"turn {turn}", "succeeded")
            time.sleep(params.pause)
    return ctx.load


#: What breaks a line, a reader or an encoding somewhere: every line break of Unicode, NUL, half a character, marks.
AWKWARD = [
    "",
    " leading",
    "\n\r\r\n",
    "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029",
    "\0",
    "\ud800 half \udfff a character",
    "\ufeff\ufffe\uffff\U0010ffff",
    "data: forged\n\nid: forged-1\nevent: job.failed\ndata: {}\n\n",
    ": a comment",
    '"}\\u2028\\',
    "e\u0301\u202eltr\U0001f468\u200d\U0001f469",
]


@job("awkward")
def awkward(ctx: Context) -> dict[str, object]:
    """Says what readers get wrong, everywhere that a job can say anything."""
    for text in AWKWARD:
        ctx.item(f"key {text}", "failed", error=text, **{f"field {text}": text})
        ctx.log(text, level="warning", field=text)
        ctx.alert(f"alert {text}", message=text)
        ctx.metric(f"metric {text}", 1, unit=text)
        with ctx.step(f"step {text}", title=text) as step:
            step.progress(0.5, message=text)
        ctx.output(f"output {text}").write(text)
    #: Six bytes of JSON each: the largest events that there are.
    ctx.output("long").write("\0" * 25_000)
    ctx.output("wide").write("\u2028\U0001f600" * 10_000)
    return {"said": AWKWARD}

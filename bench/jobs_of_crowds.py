"""The job type that crowds read: it tells of everything, at a steady pace, and goes on where a drain interrupted it."""

import time

from pydantic import BaseModel, Field

from tailrace import Context, job


class Pace(BaseModel):
    """Of every forty events: four pieces of text, two items, two lines, twelve numbers, and progress for the rest."""

    rate: float = Field(default=40.0, gt=0)
    seconds: float = 10.0
    text: str = "some words and more "


@job("chatter", params=Pace, steps=["talk"], max_attempts=20)
def chatter(ctx: Context, params: Pace) -> int:
    """So many events a second for so long."""
    count, begin = round(params.rate * params.seconds), int(ctx.saved("done", 0))
    epoch = time.monotonic() - begin / params.rate
    with ctx.step("talk") as step:
        for n in range(begin, count):
            time.sleep(max(0.0, epoch + n / params.rate - time.monotonic()))
            if n % 2:
                _say(ctx, n, params.text)
            else:
                #: What follows in no time takes it along: alone it would be merged with the next.
                step.progress(n + 1, count)
            if n % 50 == 49:
                ctx.save("done", n + 1)
    return count


def _say(ctx: Context, n: int, text: str) -> None:
    match n % 40:
        case 3 | 13 | 23 | 33:
            ctx.output("speech").write(f"{text}{n} ")
        case 9 | 29:
            ctx.item(f"item {n}", "succeeded")
        case 19 | 39:
            ctx.log(f"line {n}")
        case _:
            ctx.metric("loss", 1 / (n + 1), step=n)

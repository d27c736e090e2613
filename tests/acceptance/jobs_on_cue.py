"""A job type that tells one event each time it is asked to."""

import time
from pathlib import Path

from pydantic import BaseModel, Field

from tailrace import Context, job


class Cues(BaseModel):
    folder: str
    count: int = Field(default=3, ge=1)


@job("on_cue", params=Cues)
def on_cue(ctx: Context, params: Cues) -> int:
    """Item n is told once there is a file of that name: nothing that would push it on follows by itself."""
    for n in range(1, params.count + 1):
        while not Path(params.folder, str(n)).exists():
            time.sleep(0.01)
        ctx.item(f"item {n}", "succeeded")
    ctx.artifact("items.txt", "".join(f"item {n}\n" for n in range(1, params.count + 1)))
    return params.count

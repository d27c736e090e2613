"""A job type that waits in an event loop."""

import asyncio

from tailrace import Context, job


@job("awaiting")
async def awaiting(_ctx: Context) -> None:
    await asyncio.sleep(600)

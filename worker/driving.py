"""How an author's function is run: a plain one, one that yields its output, and their async kin."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import aclosing
from typing import Any

from worker import plain
from worker.context import Context
from worker.interrupt import entrance
from worker.job_type import JobType, Shape
from worker.verdict import Verdict

#: Where what is yielded goes.
OUTPUT = "text"

#: Given what is to be called once the job has been told to end.
Waker = Callable[[Callable[[], None]], None]


@entrance
def drive(kind: JobType, ctx: Context, params: Any, *, verdict: Verdict, waker: Waker) -> Any:
    """What the function returns; a job that waits in an event loop is waked by way of *waker*."""
    match kind.shape:
        case Shape.PLAIN:
            return kind.run(ctx, params)
        case Shape.GENERATOR:
            return _pour(ctx, kind.run(ctx, params))
        case Shape.ASYNC:
            return _await(kind.run(ctx, params), verdict, waker)
        case Shape.ASYNC_GENERATOR:
            return _await(_pour_async(ctx, kind.run(ctx, params)), verdict, waker)


def _pour(ctx: Context, pieces: Generator[Any, None, Any]) -> Any:
    """Writes what is yielded; a cancel is raised where the function yields."""
    resume: Callable[[], Any] = lambda: next(pieces)  # noqa: E731 - it is followed by others
    while True:
        try:
            piece = resume()
        except StopIteration as end:
            return end.value
        try:
            _write(ctx, piece)
        except BaseException as error:  # noqa: BLE001 - the function's own to catch
            resume = _thrown(pieces, error)
        else:
            resume = pieces.__next__


def _thrown(pieces: Generator[Any, None, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: pieces.throw(error)


async def _pour_async(ctx: Context, pieces: AsyncGenerator[Any, None]) -> None:
    async with aclosing(pieces):
        async for piece in pieces:
            _write(ctx, piece)


def _write(ctx: Context, piece: object) -> None:
    """Text as it is, anything else as a line of JSON."""
    text = piece if isinstance(piece, str) else plain.encoded(piece, plain.known).decode() + "\n"
    ctx.output(OUTPUT).write(text)


def _await(work: Coroutine[Any, Any, Any], verdict: Verdict, waker: Waker) -> Any:
    """Each ``await`` is a cancel point: the task is cancelled as asyncio does it, and that is the verdict's doing."""

    async def main() -> Any:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        waker(lambda: _cancel(loop, task, verdict))
        if verdict.open is not None:
            task.cancel()
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if verdict.found is None:
            raise
        raise verdict.found from None


def _cancel(loop: asyncio.AbstractEventLoop, task: "asyncio.Future[Any]", verdict: Verdict) -> None:
    """A shielded job learns of it at the shield's end; one whose loop has ended needs nothing more."""
    if verdict.open is not None and not loop.is_closed():
        loop.call_soon_threadsafe(task.cancel)

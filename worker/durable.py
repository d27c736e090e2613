"""Steps whose results are kept: what one run has finished, no later run does again."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from worker import plain
from worker.keeping import Keeping, Kept, Stored
from worker.steps import Step

_LOOK_SECONDS = 0.002


class Durable:
    """Runs them, or finds what they returned; *reused* is told of the latter."""

    def __init__(self, keeping: Keeping, step: Callable[[str], Step], reused: Callable[[str, Kept], None]) -> None:
        self._keeping, self._step, self._reused = keeping, step, reused
        self._names: set[str] = set()

    def __call__(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        key = f"step:{plain.name(name)}"
        #: The second would be taken for the first in the next run, and be given its result.
        if key in self._names:
            raise ValueError(f"this job has a durable step {name!r} already; each needs a name of its own")
        self._names.add(key)
        awaited = inspect.iscoroutinefunction(function)
        found = self._keeping.find(key)
        if found is not None:
            self._reused(name, found)
            value = self._keeping.value(key)
            return _ready(value) if awaited else value
        return (self._await if awaited else self._run)(key, name, lambda: function(*args, **kwargs))

    def _run(self, key: str, name: str, call: Callable[[], Any]) -> Any:
        with self._step(name) as step:
            self._keeping.wait(self._keep(key, call(), step))
        return self._keeping.value(key)

    async def _await(self, key: str, name: str, call: Callable[[], Any]) -> Any:
        with self._step(name) as step:
            stored = self._keep(key, await call(), step)
            while not stored(0):  # noqa: ASYNC110 - a thread stores it, which knows of no loop
                await asyncio.sleep(_LOOK_SECONDS)
        return self._keeping.value(key)

    def _keep(self, key: str, value: object, step: Step) -> Stored:
        """Its success and its result are one append: neither is ever found without the other."""
        seconds = step.seconds
        step.took(seconds)
        return self._keeping.keep(key, value, step.succeeded, seconds=seconds)


async def _ready(value: Any) -> Any:
    return value

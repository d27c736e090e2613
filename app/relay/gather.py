"""Questions that come at one time are asked together: one exchange answers them all."""

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

import gevent
from gevent.event import AsyncResult

from jobs.errors import LogUnavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Questions asked together at most.
MOST = 64


class _Batch(Generic[K, V]):
    """Questions that are yet to be asked."""

    __slots__ = ("answer", "keys")

    def __init__(self) -> None:
        self.keys: dict[K, int] = {}
        self.answer: AsyncResult[Sequence[V]] = AsyncResult()

    def place(self, key: K) -> int:
        return self.keys.setdefault(key, len(self.keys))


class Gather(Generic[K, V]):
    """*ask* answers many questions, in their order.

    Whoever finds no batch begins one, lets all others go first who have something to do by now, and asks for all who
    came with questions meanwhile. So each answer is of a time after its question.
    """

    def __init__(self, ask: Callable[[Sequence[K]], Sequence[V]]) -> None:
        self._ask = ask
        self._open: _Batch[K, V] | None = None

    def get(self, key: K) -> V:
        batch = self._open
        if batch is not None and len(batch.keys) < MOST:
            place = batch.place(key)
            found: Sequence[V] = batch.answer.get()
            return found[place]
        self._open = batch = _Batch()
        batch.place(key)
        return self._asked(batch)[0]

    def _asked(self, batch: _Batch[K, V]) -> Sequence[V]:
        try:
            gevent.sleep(0)
            self._close(batch)
            found = self._ask(list(batch.keys))
        except Exception as error:
            batch.answer.set_exception(error)
            raise
        else:
            batch.answer.set(found)
            return found
        finally:
            self._close(batch)
            if not batch.answer.ready():
                #: Whoever was to ask was killed.
                batch.answer.set_exception(LogUnavailable(why="nobody asked"))

    def _close(self, batch: _Batch[K, V]) -> None:
        if self._open is batch:
            self._open = None

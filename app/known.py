"""What the web tier knows of job types and workers: as published in Redis, read again after a second."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.problems import Problem
from jobs.catalogue import Catalogue, TypeEntry, WorkerEntry
from jobs.validation import Fault

#: Seconds for which what was read counts as known.
FRESH_SECONDS = 1.0

T = TypeVar("T")


class Recent(Generic[T]):
    """The last answer of *read*, good for a second.

    While one reads anew, the others go on with what they have: a crowd reads no more than one would.
    """

    def __init__(self, read: Callable[[], T], monotonic: Callable[[], float]) -> None:
        self._read, self._monotonic = read, monotonic
        self._kept: tuple[float, T] | None = None
        self._reading = False

    def get(self) -> T:
        if self._kept is not None and (self._reading or self._monotonic() - self._kept[0] < FRESH_SECONDS):
            return self._kept[1]
        return self.reread()

    def reread(self) -> T:
        self._reading = True
        try:
            value = self._read()
        finally:
            self._reading = False
        self._kept = (self._monotonic(), value)
        return value


class Known:
    """Calls may raise LogUnavailable."""

    def __init__(self, catalogue: Catalogue, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._types = Recent(catalogue.types, monotonic)
        self._workers = Recent(catalogue.workers, monotonic)

    def types(self) -> dict[str, TypeEntry]:
        """Every type ever published, by name."""
        return self._types.get()

    def find(self, name: str) -> TypeEntry | None:
        """The type called *name*; one that is not known is looked up anew, it may have come this very second."""
        return self._types.get().get(name) or self._types.reread().get(name)

    def get(self, name: str, *, pointer: str | None = None) -> TypeEntry:
        """As find, but 404 where there is none; *pointer* says where a body named it."""
        entry = self.find(name)
        if entry is None:
            faults = [] if pointer is None else [Fault(pointer, "names no job type")]
            raise Problem("type_not_found", f"There is no job type {name[:100]!r}.", faults=faults)
        return entry

    def workers(self) -> list[WorkerEntry]:
        """The workers that live."""
        return list(self._workers.get())

    def serves(self, kind: str) -> bool:
        """Whether a living worker carries the type *kind*."""
        return any(kind in worker.types for worker in self._workers.get())

    def served(self) -> set[str]:
        """The types that at least one living worker carries."""
        return {name for worker in self.workers() for name in worker.types}

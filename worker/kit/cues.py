"""When something is to happen to a job that is run in memory: at an event, and nowhere else."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from jobs.eventlog import Batch, Cursor
from jobs.memory_log import MemoryLog
from worker.kit.told import Event, Told, event_of


class Wish(StrEnum):
    #: Somebody cancels the job.
    CANCEL = "cancel_at"
    #: Its worker has to go.
    RELEASE = "release_at"
    #: Its worker dies.
    CRASH = "crash_at"


class After:
    """The *nth* event of a type whose data has *members*: ``After("item", 2, state="failed")``."""

    def __init__(self, kind: str, nth: int = 1, /, **members: Any) -> None:
        self.kind, self.nth, self.members = kind, nth, members

    def __call__(self, event: Event) -> bool:
        return event.fits(self.kind, self.members)

    def __repr__(self) -> str:
        shown = [repr(self.kind), *([str(self.nth)] if self.nth > 1 else [])]
        return f"After({', '.join(shown + [f'{name}={value!r}' for name, value in self.members.items()])})"


#: An event's number; the name of a step, which has just begun then; or what says of each event whether it is the one.
When = int | str | After | Callable[[Event], bool]
#: One moment, or several: each is waited for once the one before it has come.
Whens = When | Sequence[When]


class NeverCame(AssertionError):
    """A job ended before the moment at which something was to happen to it: the test would have tested nothing."""

    def __init__(self, wish: Wish, when: When, told: Told) -> None:
        super().__init__(f"{wish.value}={when!r} never came: {told!r}\n{told}")


class Ledger(MemoryLog):
    """The log of one job, which remembers what nobody has looked at yet."""

    def __init__(self) -> None:
        super().__init__(max_events=10**9)
        self.events: list[Event] = []

    def append(self, job_id: str, batch: Batch) -> Cursor:
        cursor = super().append(job_id, batch)
        self.events += [event_of(envelope) for _, envelope in batch.entries]
        return cursor


class Cues:
    """Goes along a ledger and says what is due."""

    def __init__(self, ledger: Ledger, wishes: Mapping[Wish, Whens]) -> None:
        self._events = ledger.events
        self._waiting = {wish: [_Cue(when) for when in _several(whens)] for wish, whens in wishes.items()}
        self._seen = 0

    def due(self, among: Collection[Wish]) -> Iterable[Wish]:
        """The wishes *among* those whose moment has come since this was last asked."""
        while self._seen < len(self._events):
            event = self._events[self._seen]
            self._seen += 1
            for wish in among:
                if self._waiting[wish] and self._waiting[wish][0].given(event):
                    del self._waiting[wish][0]
                    yield wish

    @property
    def left(self) -> tuple[Wish, When] | None:
        """One whose moment has not come."""
        return next(((wish, cues[0].when) for wish, cues in self._waiting.items() if cues), None)


class _Cue:
    """One moment; counts the events that could be it."""

    def __init__(self, when: When) -> None:
        self.when = when
        self._missing = when.nth if isinstance(when, After) else 1

    def given(self, event: Event) -> bool:
        self._missing -= _fits(self.when, event)
        return self._missing <= 0


def _fits(when: When, event: Event) -> bool:
    match when:
        case int():
            return event.seq >= when
        case str():
            return event.fits("step.started", {"name": when})
    return bool(when(event))


def _several(whens: Whens) -> Sequence[When]:
    return whens if isinstance(whens, list | tuple) else [whens]  # type: ignore[list-item] # str is a Sequence too

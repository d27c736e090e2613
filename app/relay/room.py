"""A topic with those who listen to it."""

import sys
from collections import deque
from collections.abc import Collection, Sequence
from typing import Any

from gevent.event import Event

from app.relay.audience import Audience
from app.relay.lens import Lens
from app.relay.subscriber import Subscriber
from app.relay.topic import RING, Topic
from jobs import keys
from jobs.eventlog import Cursor, Entry
from jobs.events import TERMINAL
from jobs.head import Head
from jobs.model import LEADS, JobState

#: Events kept where one reader listens: there are thousands of such rooms, and memory written a moment ago is quick.
FEW_KEPT = 32


class Register:
    """Of which rooms something is asked every second: kept as it changes, for of thousands hardly any is among them."""

    def __init__(self) -> None:
        #: What all wait for whose channel is confirmed: nothing.
        self.ready = Event()
        self.ready.set()
        #: Those whose job waits in its queue.
        self.waiting: dict[Room, None] = {}
        #: Those of whose job nobody has told anything yet.
        self.strange: set[Room] = set()
        #: Job id → seconds for which it may go unwatched, of those that may not for as long as they like.
        self.bound: dict[str, float] = {}

    def strike(self, room: "Room") -> None:
        """*room* is shut."""
        self.waiting.pop(room, None)
        self.strange.discard(room)
        self.bound.pop(room.job_id, None)


class Room(Topic):
    """One job, as one web process carries it; its subscription in Redis lives as long as this does."""

    __slots__ = (
        "_joining",
        "bells",
        "channel",
        "confirmed",
        "equal",
        "filling",
        "fresh",
        "kind",
        "left",
        "live",
        "looked",
        "queue",
        "ready",
        "register",
        "sole",
        "told",
        "visitors",
    )

    def __init__(self, job_id: str, register: Register | None = None, channel: bytes = b"") -> None:
        super().__init__(job_id)
        self.register = register or Register()
        self.register.strange.add(self)
        self.channel = channel or keys.log(job_id).encode()
        #: Set from when on nothing is missed here; when that was, by the monotonic clock.
        self.ready, self.confirmed = Event(), 0.0
        #: Subscribers that are up to date, by lens.
        self.live: dict[Lens, Audience] = {}
        #: The audience, where there is one only, of one listener whom the short way can serve.
        self.sole: Audience | None = None
        #: There only while somebody is in them: a room that is listened to for hours is to be small.
        self._joining: set[Subscriber] | None = None
        #: Of those who read pages and wait for the next.
        self.bells: set[Event] | None = None
        #: How many look at it before they come in (``app/relay/arrival.py``).
        self.visitors = 0
        self.filling = False
        #: Where it stood when it was last held against the log.
        self.looked: Cursor | None = None
        #: Whether it was silent then, and so held against it.
        self.equal = False
        #: The job's queue and type; known once somebody has read the log.
        self.queue = self.kind = ""
        #: The place in the queue that was told last; whether somebody has come since, and whether it had none.
        self.told: dict[str, Any] | None = None
        self.fresh, self.left = True, False

    @property
    def crowd(self) -> int:
        """How many streams are in it, live or not."""
        return len(self.joining) + sum(len(audience.listeners) for audience in self.live.values())

    def confirm(self, now: float) -> None:
        """Its channel is confirmed: from here on it needs no event of its own (144 bytes)."""
        self.confirmed = now
        self.ready.set()
        self.ready = self.register.ready

    @property
    def empty(self) -> bool:
        return not (self.live or self._joining or self.bells or self.visitors)

    @property
    def expectant(self) -> bool:
        """Whether somebody is about to read the log, and must be told what comes meanwhile."""
        return bool(self._joining or self.visitors)

    @property
    def waits(self) -> bool:
        """Whether the job waits in its queue."""
        return self in self.register.waiting

    @waits.setter
    def waits(self, waits: bool) -> None:
        if waits:
            self.register.waiting[self] = None
        else:
            self.register.waiting.pop(self, None)

    def ring(self) -> None:
        for bell in self.bells or ():
            bell.set()

    def hang(self, bell: Event) -> None:
        self.bells = {*(self.bells or ()), bell}

    def take_down(self, bell: Event) -> None:
        self.bells = {other for other in self.bells or () if other is not bell} or None

    @property
    def joining(self) -> Collection[Subscriber]:
        return self._joining or ()

    def expect(self, subscriber: Subscriber) -> None:
        """*subscriber* is in the room, and not live in it."""
        if self._joining is None:
            self._joining = set()
        self._joining.add(subscriber)

    def _expected(self, subscriber: Subscriber) -> None:
        if self._joining is not None:
            self._joining.discard(subscriber)
            self._joining = self._joining or None

    def enter(self, subscriber: Subscriber) -> None:
        """*subscriber* has been told all that was passed on: from here on it gets what the room gets."""
        lens = subscriber.reading.lens
        audience = self.live.get(lens)
        if audience is None:
            audience = self.live[lens] = Audience(self, lens)
        assert self.last is not None  # noqa: S101 - whoever stands where the room does has read the log
        audience.enter(subscriber, self.last)
        self._expected(subscriber)
        subscriber.live = self.fresh = True
        self._count()

    def leave(self, subscriber: Subscriber) -> None:
        self._expected(subscriber)
        if subscriber.live:
            subscriber.live = False
            audience = self.live[subscriber.reading.lens]
            audience.leave(subscriber)
            if not audience.listeners:
                del self.live[subscriber.reading.lens]
            self._count()

    def _count(self) -> None:
        audiences = tuple(self.live.values())
        alone = len(audiences) == 1 and len(audiences[0].listeners) == 1 and audiences[0].lens.straight
        self.sole = audiences[0] if alone else None
        if self._ring is not None and self._ring.maxlen != self.kept:
            self._ring = deque(self._ring, maxlen=self.kept)

    @property
    def kept(self) -> int:
        return FEW_KEPT if self.sole is not None else RING

    def silent(self) -> bool:
        """Whether nothing has been passed on since this was last asked; at first, since the room began.

        Of a room that goes on being silent it is said every second time only: a last message that is lost is found as
        soon as that of one in which events came until a moment before.
        """
        looked, self.looked = self.looked, self.last
        if looked is self.last:
            self.equal = not self.equal
        else:
            self.equal = looked is None and self._ring is None
        return self.equal

    @property
    def watched(self) -> set[str]:
        """The jobs that those who listen here are watching."""
        return {self.job_id}

    def concerned(self, entries: Sequence[Entry]) -> Sequence[Audience]:  # noqa: ARG002 - all are, of one job
        """Those whom any of *entries* may be for."""
        return tuple(self.live.values())

    @property
    def behind(self) -> bool:
        """Whether more is known to have been stored than was passed on, beyond what is held back."""
        return False

    @property
    def pause(self) -> float:
        """Seconds from one read of what was missed to the next."""
        return 0.0

    def learn(self, head: Head) -> None:
        """The job as it was where the room begins; where it had ended nothing comes live to say so."""
        self.over = head.state.terminal
        #: Thousands of rooms have one text for each.
        self.queue, self.kind = sys.intern(head.queue), sys.intern(head.type)
        self.waits = head.state is JobState.QUEUED
        self.register.strange.discard(self)
        if head.unwatched_seconds is not None:
            self.register.bound[self.job_id] = head.unwatched_seconds

    def note(self, passed: Sequence[Entry]) -> None:
        for entry in passed:
            if entry.type in LEADS:
                self.waits = LEADS[entry.type] is JobState.QUEUED
                self.over = self.over or entry.type in TERMINAL

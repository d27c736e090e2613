"""Reads of the log that many readers share: a storm on one job costs a handful of them."""

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, TypeVar

from gevent.event import AsyncResult

from app.relay.audience import bytes_of
from app.relay.choice import MANY, Choice
from app.relay.gather import Gather
from app.relay.lobby import dense
from app.relay.opening import Card, Opening
from app.relay.stretches import Stretches
from jobs.errors import JobNotFound
from jobs.eventlog import Cursor, Page
from jobs.events import TERMINAL
from jobs.feed import FedLog
from jobs.head import Head, decode_head

T = TypeVar("T")

#: Events read at a time, and at most where they are known to be small; what a slow reader cannot take is read again.
PAGE, MOST = 200, 1000
#: Seconds for which a read serves those who come after it. What it misses they get live, or see as a hole.
KEEP = 0.1
#: The same for where a log stands and for events, which never change: what is missing of the newest is read on from
#: there. A storm lasts for a second or two, and for some more on a busy machine.
HISTORY = 10.0
#: Pages kept of one job for that, and jobs of which any are.
PAGES, JOBS = 4, 32
#: Reads kept at most, and bytes of events in one that is kept.
KEPT, KEPT_BYTES = 256, 512 * 1024
#: Behind every event that a log can have: a page after it is empty and tells only where the log stands.
END = 2**53

#: Gives a job's snapshot (anything that encodes to its JSON) and the cursor that it stands at.
Snapshot = Callable[[str], tuple[Cursor, Any]]
#: Gives the cards of the newest jobs of a choice that have not ended.
Cards = Callable[[Choice], Sequence[Card]]


def no_cards(_choice: Choice) -> Sequence[Card]:
    return ()


class Reader:
    """The log, the feed and the snapshots; equal reads at one time are one read."""

    def __init__(self, log: FedLog, snapshot: Snapshot, cards: Cards = no_cards) -> None:
        self._log, self._snapshot, self._cards = log, snapshot, cards
        self._stands: Gather[str, Page | None] = Gather(self._ask)
        self._heads: Gather[str, bytes | None] = Gather(self.heads)
        self.feed = log.feed
        #: When each began, and what comes of it.
        self._flying: dict[object, tuple[float, AsyncResult]] = {}
        #: When each was there, when it was asked for, and what it is.
        self._kept: dict[object, tuple[float, float, Any]] = {}
        #: Of each job, the last pages that had events, and when each was asked for.
        self._pages: dict[str, deque[tuple[float, Page]]] = {}
        #: What of them was encoded.
        self.stretches = Stretches()
        #: Reads that went to the log, for the metrics and the tests.
        self.reads = 0

    def page(self, job_id: str, after: int, *, fresh: bool = False, since: float = 0.0) -> Page:
        """Events after *after*; *fresh* looks now, where a moment ago is not good enough.

        The log's newest events are those of a read that began no earlier than *since*, unless nothing can follow them.
        """
        if fresh and after == END and job_id != MANY:
            return self.stand(job_id)
        if not fresh and (rest := self._rest(job_id, after, since)) is not None:
            return rest
        keep = HISTORY if after == END and job_id != MANY else KEEP
        return self.shared((job_id, after), lambda: self._look(job_id, after), fresh=fresh, since=since, keep=keep)

    def stand(self, job_id: str) -> Page:
        """Where the log stands now; asked together with all who ask at this moment."""
        page = self._stands.get(job_id)
        if page is None:
            raise JobNotFound(job_id=job_id)
        return page

    def look(self, job_id: str, after: int) -> Page:
        """As :meth:`stand`, and for others later on; who is the first for long gets the events after *after* too."""
        began, first = monotonic(), not (after == END or job_id in self._pages or (job_id, after) in self._flying)
        page = self.page(job_id, after, fresh=True) if first else self.stand(job_id)
        self._keep((job_id, END), began, page._replace(entries=[]))
        return page

    def knows(self, job_id: str) -> bool:
        """Whether somebody has seen a moment ago where the log stands."""
        return (job_id, END) in self._kept

    def head(self, job_id: str) -> Head:
        """The job's head as it is now, asked for as :meth:`stand` is."""
        found = self._heads.get(job_id)
        if found is None:
            raise JobNotFound(job_id=job_id)
        return decode_head(found)

    def _ask(self, job_ids: Sequence[str]) -> Sequence[Page | None]:
        self.reads += 1
        return self._log.stands(job_ids)

    def _rest(self, job_id: str, after: int, since: float) -> Page | None:
        """What follows *after* in a page that was read for another a moment ago."""
        oldest = monotonic() - HISTORY
        for began, page in self._pages.get(job_id, ()):
            if began < oldest or (began < since and _goes_on(page)):
                continue
            place = after + 1 - page.entries[0].cursor.seq
            if 0 <= place < len(page.entries) and page.entries[place].cursor.seq == after + 1:
                return page._replace(entries=page.entries[place:])
        return None

    def _look(self, job_id: str, after: int) -> Page:
        if job_id == MANY:
            return dense(self.feed.read(after, PAGE), after)
        if after == END:
            return self._log.read(job_id, END, 1)
        began = monotonic()
        page = self._log.read(job_id, after, self._limit(job_id))
        if page.entries and (job_id in self._pages or len(self._pages) < JOBS) and bytes_of(page.entries) <= KEPT_BYTES:
            self._pages.setdefault(job_id, deque(maxlen=PAGES)).append((began, page))
        return page

    def _limit(self, job_id: str) -> int:
        """More than usual, as many as can be kept for others, where those that were read last are small."""
        pages = self._pages.get(job_id)
        if not pages:
            return PAGE
        last = pages[-1][1]
        return min(MOST, max(PAGE, KEPT_BYTES * 3 // 4 * len(last.entries) // (bytes_of(last.entries) or 1)))

    def heads(self, job_ids: Sequence[str]) -> list[bytes | None]:
        return self._log.heads(job_ids) if job_ids else []

    def snapshot(self, job_id: str, *, since: float = 0.0) -> tuple[Cursor, Any]:
        return self.shared(job_id, lambda: self._snapshot(job_id), since=since)

    # Many jobs ------------------------------------------------------------------------------------------------

    def mark(self, *, since: float = 0.0) -> tuple[Cursor, float]:
        """Where the feed stands, and the moment at which that was known; looked up no earlier than *since*."""
        return self.shared("mark", lambda: (self.feed.read(END).last, monotonic()), since=since)

    def opening(self, choice: Choice) -> Opening:
        """What a reader of *choice* is to be told first: the jobs that it names, else the cards of those there are."""
        at, since = self.mark()
        left: list[str | Card] = [*sorted(choice.jobs)]
        if not left:
            left += self.shared(choice, lambda: self._cards(choice), since=since)
        return Opening(left, at, since)

    def card(self, job: str | Card, since: float) -> Card | None:
        """The whole job, where it is a name; None where there is none."""
        if isinstance(job, Card):
            return job
        try:
            return Card(job, *self.snapshot(job, since=since))
        except JobNotFound:
            return None

    def beyond(self, opening: Opening) -> Cursor:
        """A place in the feed beyond all that the snapshots of *opening* hold."""
        ids = list(opening.known)
        for job_id, reach in zip(ids, self.feed.reach(ids), strict=True):
            #: Its writer may have stored an event and be yet about to tell the feed.
            if reach is None or reach.at.seq < opening.known[job_id].seq:
                self.feed.note(job_id, opening.known[job_id])
        return self.mark(since=monotonic())[0]

    def ends(self, job_ids: Sequence[str]) -> list[int | None]:
        """Where in the feed each job has ended: None for one that has not, 0 for one that is gone.

        Where the feed has yet to be told of an end, it is told now; the job has not ended for it until then.
        """
        heads = [None if head is None else decode_head(head) for head in self.heads(job_ids)]
        if any(head is not None and not head.state.terminal for head in heads):
            return [None]
        found: list[int | None] = []
        for head, reach in zip(heads, self.feed.reach(job_ids), strict=True):
            if head is None:
                found.append(0)
                continue
            at = Cursor(head.epoch, head.seq)
            if reach is None or reach.at != at:
                self.feed.note(head.id, at)
                found.append(None)
            else:
                found.append(reach.number)
        return found

    def shared(
        self, key: object, read: Callable[[], T], *, fresh: bool = False, since: float = 0.0, keep: float = KEEP
    ) -> T:
        """What *read* gives, or gave to another *keep* seconds ago; no read will do that began before *since*."""
        if not fresh:
            kept = self._kept.get(key)
            if kept is not None and monotonic() - kept[0] < keep and kept[1] >= since:
                value: T = kept[2]
                return value
            flying = self._flying.get(key)
            if flying is not None and flying[0] >= since:
                shared: T = flying[1].get()
                return shared
        return self._read(key, read)

    def _read(self, key: object, read: Callable[[], T]) -> T:
        began = monotonic()
        self._flying[key] = flying = (began, AsyncResult())
        self.reads += 1
        try:
            found = read()
        except BaseException as error:
            flying[1].set_exception(error)
            raise
        else:
            flying[1].set(found)
            self._keep(key, began, found)
            return found
        finally:
            if self._flying.get(key) is flying:
                del self._flying[key]

    def _keep(self, key: object, began: float, found: Any) -> None:
        if isinstance(found, Page) and bytes_of(found.entries) > KEPT_BYTES:
            return
        now = monotonic()
        if len(self._kept) >= KEPT:
            self._kept = {k: kept for k, kept in self._kept.items() if now - kept[0] < KEEP}
        if len(self._kept) < KEPT:
            self._kept[key] = (now, began, found)

    def forget(self) -> None:
        """Lets go of what is too old to serve anybody."""
        now = monotonic()
        self._kept = {key: kept for key, kept in self._kept.items() if now - kept[0] < HISTORY}
        self._pages = {job_id: pages for job_id, pages in self._pages.items() if now - pages[-1][0] < HISTORY}
        self.stretches.forget()


def _goes_on(page: Page) -> bool:
    """Whether an event may follow right behind *page* that was not there when it was read."""
    last = page.entries[-1]
    return last.cursor == page.last and last.type not in TERMINAL

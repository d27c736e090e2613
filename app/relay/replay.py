"""Where a reader begins: from a cursor and the log as it stands to what must be told first."""

from dataclasses import dataclass
from typing import Any, Protocol

from jobs.eventlog import Cursor


@dataclass(frozen=True, slots=True)
class Gap:
    """What a reader can no longer be given: events *first* to *last* of what it knew, and why."""

    first: int
    last: int
    reason: str

    @property
    def data(self) -> dict[str, Any]:
        """The ``data`` of ``stream.gap``, the same on every transport."""
        return {"from": self.first, "to": self.last, "reason": self.reason}


#: ``?after=`` words, and what an absent cursor means.
BEGINNING, LATEST, SNAPSHOT = "0", "latest", "snapshot"


class Ends(Protocol):
    """Where a log begins and ends, as a page of it tells."""

    @property
    def last(self) -> Cursor: ...

    @property
    def oldest(self) -> int: ...


def gap(cursor: Cursor | None, page: Ends) -> Gap | None:
    """The gap between *cursor* and the log, None where the log goes on from it without one.

    *cursor* None stands for one that no log could have given out.
    """
    if cursor is None:
        return Gap(0, page.last.seq, "malformed")
    if cursor.epoch != page.last.epoch:
        return Gap(min(cursor.seq + 1, page.last.seq), page.last.seq, "epoch")
    if cursor.seq > page.last.seq:
        return Gap(page.last.seq + 1, cursor.seq, "ahead")
    if page.last.seq > cursor.seq and page.oldest > cursor.seq + 1:
        return Gap(cursor.seq + 1, page.oldest - 1, "retention")
    return None

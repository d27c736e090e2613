"""What a reader of many jobs is told before it follows them: each job as it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from jobs.eventlog import Cursor, Entry


class Card(NamedTuple):
    """A job in short (anything that encodes to its JSON), and the cursor that it stands at."""

    id: str
    cursor: Cursor
    job: Any


class _At(msgspec.Struct):
    seq: int


_at = msgspec.json.Decoder(_At)


@dataclass(slots=True)
class Opening:
    """What a subscriber has yet to be told of the jobs that there are, and what it knows of them already."""

    #: Jobs that are yet to be read, by id, or cards.
    left: list[str | Card]
    #: Where the feed stood before any of them was read, and when that was: nothing read earlier will do.
    at: Cursor
    since: float
    known: dict[str, Cursor] = field(default_factory=dict)
    #: The number of the feed up to which snapshots may hold events; None until all are told.
    until: int | None = None

    def learn(self, card: Card) -> dict[str, Any]:
        """The data of its snapshot."""
        self.known[card.id] = card.cursor
        return {"job": card.job}

    def news(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of *entries* that no snapshot holds."""
        return [entry for entry in entries if not self._holds(entry)]

    def _holds(self, entry: Entry) -> bool:
        known = self.known.get(entry.job.id) if entry.job else None
        return known is not None and _at.decode(entry.envelope).seq <= known.seq

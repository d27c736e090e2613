"""The jobs that have not ended, in short: what a reader of many jobs is told before it follows them."""

from collections.abc import Iterator

from app.relay.choice import Choice
from app.relay.opening import Card
from app.view import View
from jobs.eventlog import Cursor
from jobs.feed import subject_of
from jobs.head import Head
from jobs.lifecycle import Lifecycle

#: Jobs told of, and heads looked at for them.
MAX_CARDS, MAX_SCANNED = 100, 2000
_PAGE = 200


class Roster:
    """Calls may raise LogUnavailable."""

    def __init__(self, lifecycle: Lifecycle, view: View) -> None:
        self._life, self._view = lifecycle, view

    def cards(self, choice: Choice) -> list[Card]:
        """Of the newest unfinished jobs of *choice*, oldest first: in the order in which they began to be."""
        found: list[Card] = []
        for head in self._scan():
            if not head.state.terminal and choice.passes(subject_of(head)):
                found.append(self._card(head))
                if len(found) == MAX_CARDS:
                    break
        return found[::-1]

    def _scan(self) -> Iterator[Head]:
        for start in range(0, MAX_SCANNED, _PAGE):
            ids = self._life.index.newest_live(start, _PAGE)
            yield from self._life.heads(ids)
            if len(ids) < _PAGE:
                return

    def _card(self, head: Head) -> Card:
        shown = self._view.summary(head)
        #: As in a job's own stream: whoever reads has a token.
        shown["links"] = self._view.links(head.id, signed=False)
        return Card(head.id, Cursor(head.epoch, head.seq), shown)

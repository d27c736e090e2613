"""From a cursor of the feed to live, for a reader of many jobs: first each job as it is, then what happens to them all.

A job's snapshot may hold events that the feed tells of only later. So until all snapshots are told and the feed has
been read beyond them, what they hold is left out, and nothing carries an id: whoever is cut off before begins again.
"""

from collections.abc import Sequence

from app.relay.choice import Choice
from app.relay.join import Join
from app.relay.opening import Opening
from app.relay.replay import Gap
from app.relay.stretches import Stretch
from jobs.eventlog import Cursor, Entry, Page

#: Snapshots that go out in one send, as far as they are small.
CARDS = 20


class JoinMany(Join):
    """As Join, but in the lobby: there is no one state to tell, and no end but that of all jobs that were named."""

    @property
    def choice(self) -> Choice:
        choice = self.subscriber.reading.lens.choice
        assert choice is not None  # noqa: S101 - the verb gives one to whoever reads many jobs
        return choice

    # The beginning --------------------------------------------------------------------------------------------

    def _snapshot(self) -> bytes:
        self.subscriber.opening = opening = self.relay.reader.opening(self.choice)
        self.subscriber.position = opening.at
        return b""

    def _gap(self, missing: Gap) -> bytes:
        self.subscriber.caught_up = False
        return super()._gap(missing)

    def _advance(self) -> bool:
        opening = self.subscriber.opening
        if opening is None or opening.until is not None:
            return super()._advance()
        if opening.left:
            told = self._show(opening)
            return not told or self._send(told)
        opening.until = self.relay.reader.beyond(opening).seq
        return True

    def _show(self, opening: Opening) -> bytes:
        """The next snapshots: one job, or several cards."""
        count = 1 if isinstance(opening.left[0], str) else CARDS
        now, opening.left = opening.left[:count], opening.left[count:]
        cards = [self.relay.reader.card(each, opening.since) for each in now]
        control = self.subscriber.reading.lens.control
        return b"".join([control("stream.snapshot", card.id, opening.learn(card)) for card in cards if card])

    # The replay -----------------------------------------------------------------------------------------------

    def _chosen(self, near: Sequence[Entry]) -> Sequence[Entry]:
        chosen, opening = super()._chosen(near), self.subscriber.opening
        return chosen if opening is None else opening.news(chosen)

    def _stretch(self, near: Sequence[Entry]) -> Stretch:
        """What one knows already is not told again: so it is each one's own."""
        return self._made(near)

    def _encoded(self, chosen: Sequence[Entry]) -> bytes:
        lens = self.subscriber.reading.lens
        return lens.encode(chosen) if self.subscriber.opening is None else lens.without_ids(chosen)

    def _terminal(self, entry: Entry) -> bool:  # noqa: ARG002 - the others go on
        return False

    def _finished(self, at: Cursor, page: Page) -> bool:  # noqa: ARG002 - looked at on arrival, where it is cheap
        return False

    def _learn(self, page: Page) -> None:
        """A page of the feed has no head."""

    def _arrive(self, at: Cursor, *, over: bool) -> bool:  # noqa: ARG002 - see _finished
        opening = self.subscriber.opening
        if opening is not None and opening.until is not None and at.seq < opening.until:
            return self._wait()
        ends = self._ends() if self.room.last == at else None
        if ends is not None and not all(end <= at.seq for end in ends):
            return self._wait()
        if ends:
            self._end(at, b"", "terminal" if any(ends) else "gone")
            return False
        going_on = super()._arrive(at, over=False)
        if self.subscriber.caught_up:
            self.subscriber.opening = None
        return going_on

    def _ends(self) -> list[int] | None:
        """Where in the feed the named jobs have ended, 0 for one that is gone; None where that is not so of all."""
        ends = self.relay.reader.ends(sorted(self.choice.jobs)) if self.choice.jobs else [None]
        return None if None in ends else [end for end in ends if end is not None]

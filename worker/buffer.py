"""Events on their way to the log, merged where a later one says all that the earlier one did.

Progress of a step replaces what still waits of it; text of an output grows the piece that waits. Nothing is merged
across the begin or the end of its step, no text across anything but progress; all other events stay as they are.
"""

import threading
from itertools import islice
from typing import NamedTuple

import msgspec

from jobs import events as ev
from worker.outputs import PIECE


class Bounds(NamedTuple):
    """Beyond either of these whoever emits has to wait."""

    events: int
    bytes: int


#: Of a log that is slower than the job: what waits here is not yet seen by anybody, and not yet safe.
BOUNDS = Bounds(10_000, 8 * 1024 * 1024)
#: Of a log that is away: the job goes on, for about as long as a restart takes.
WIDE = Bounds(100_000, 32 * 1024 * 1024)

#: Between the progress before one of these and that after it there is no merging.
_BOUNDS = frozenset({ev.StepStarted, ev.StepSucceeded, ev.StepFailed, ev.StepSkipped, ev.StepReused})

#: At a place that nothing waits at.
_NOTHING = (None, 0)


class _Text:
    """Pieces of one output, joined when they are taken."""

    __slots__ = ("length", "name", "offset", "pieces", "size")

    def __init__(self, event: ev.OutputAppended, size: int) -> None:
        self.name, self.offset, self.length, self.pieces = event.name, event.offset, len(event.text), [event.text]
        self.size = size

    def joined(self) -> ev.OutputAppended:
        return ev.OutputAppended(name=self.name, offset=self.offset, text="".join(self.pieces))


class Kept:
    """What a later run is to find under *name*; it is stored in one append with *event*, if there is one."""

    __slots__ = ("event", "name", "stored", "value")

    def __init__(self, name: str, value: bytes, event: ev.AnyEvent | None) -> None:
        self.name, self.value, self.event = name, value, event
        self.stored = threading.Event()


class Taken(NamedTuple):
    """What goes into one append."""

    events: list[ev.AnyEvent]
    kept: list[Kept]


class Buffer:
    """Not safe for several threads: whoever shares it holds a lock."""

    def __init__(self) -> None:
        #: By order of arrival; a place whose event was replaced by a later one is gone.
        self._places: dict[int, tuple[ev.AnyEvent | _Text | Kept, int]] = {}
        self._next = 0
        #: Where the last progress of each step stands.
        self._progress: dict[str, int] = {}
        #: The last text, while nothing but progress has come behind it.
        self._text: _Text | None = None
        self.bytes = 0
        self._bounds = BOUNDS
        #: Looked at before each event, and set where it can change.
        self.full = False

    def __len__(self) -> int:
        return len(self._places)

    @property
    def roomy(self) -> bool:
        """Below half: whoever waited for room goes on here, so that it waits once and not at every event."""
        return not self._holds(Bounds(self._bounds.events // 2, self._bounds.bytes // 2))

    def widen(self) -> None:
        """The log is away: there is room for more until what has gathered is written."""
        self._bounds = WIDE
        self.full = self._holds(WIDE)

    def _holds(self, bounds: Bounds) -> bool:
        return len(self._places) >= bounds.events or self.bytes >= bounds.bytes

    def add(self, event: ev.AnyEvent, size: int) -> None:
        """Takes one event of about *size* bytes."""
        kind = type(event)
        if kind is ev.StepProgressed:
            self._replace(event, size)  # type: ignore[arg-type] # of that type
        elif kind is ev.OutputAppended:
            self._grow(event, size)  # type: ignore[arg-type] # of that type
        else:
            self._text = None
            if kind in _BOUNDS:
                self._progress.pop(event.name, None)  # type: ignore[union-attr] # a step's
            self._put(event, size)

    def keep(self, kept: Kept) -> None:
        self._text = None
        if type(kept.event) in _BOUNDS:
            self._progress.pop(kept.event.name, None)  # type: ignore[union-attr] # a step's
        self._put(kept, len(kept.value))

    def take(self, events: int, size: int) -> Taken:
        """Takes out the oldest *events*, or fewer of about *size* bytes, and what is to be kept among them."""
        taken = Taken([], [])
        weight = 0
        for place, (event, size_of) in list(islice(self._places.items(), events)):
            weight += event.size if isinstance(event, _Text) else size_of
            _sort(event, taken)
            del self._places[place]
            if weight >= size:
                break
        self.bytes -= weight
        self._text = None
        if not self._places:
            self._progress.clear()
            self.bytes, self._bounds = 0, BOUNDS
        self.full = self._holds(self._bounds)
        return taken

    def _put(self, event: ev.AnyEvent | _Text | Kept, size: int) -> None:
        places, most = self._places, self._bounds
        places[self._next] = (event, size)
        self._next += 1
        self.bytes += size
        self.full = len(places) >= most.events or self.bytes >= most.bytes

    def _replace(self, event: ev.StepProgressed, size: int) -> None:
        place = self._progress.get(event.name, -1)
        earlier, weight = self._places.get(place, _NOTHING)
        if event.message is None and isinstance(earlier, ev.StepProgressed) and earlier.message is not None:
            event = msgspec.structs.replace(event, message=earlier.message)
        if earlier is not None and place == self._next - 1:
            self._places[place] = (event, size)
            self.bytes += size - weight
            return
        if earlier is not None:
            del self._places[place]
            self.bytes -= weight
        self._progress[event.name] = self._next
        self._put(event, size)

    def _grow(self, event: ev.OutputAppended, size: int) -> None:
        text = self._text
        if text is not None and text.name == event.name and text.length + len(event.text) <= PIECE:
            text.pieces.append(event.text)
            text.length += len(event.text)
            text.size += len(event.text)
            self.bytes += len(event.text)
            self.full = self.full or self.bytes >= self._bounds.bytes
            return
        self._text = _Text(event, size)
        self._put(self._text, size)


def _sort(thing: ev.AnyEvent | _Text | Kept, taken: Taken) -> None:
    match thing:
        case _Text():
            taken.events.append(thing.joined())
        case Kept():
            taken.kept.append(thing)
            if thing.event is not None:
                taken.events.append(thing.event)
        case _:
            taken.events.append(thing)

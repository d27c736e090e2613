"""When to look at whom: each connection in the slot of its next look, so that those with nothing due cost nothing.

Pure.
"""

from collections.abc import Iterator, Mapping
from math import floor
from typing import Protocol, TypeVar


class Looked(Protocol):
    """Whoever is looked at: its number, and the slot of its next look."""

    fd: int
    slot: int


T = TypeVar("T", bound=Looked)


class Agenda:
    """Time in slots of *width* seconds from *now* on; a look comes as the slot begins that it is due in."""

    def __init__(self, width: float, now: float) -> None:
        self.width = width
        #: The slot that was looked at last.
        self._last = floor(now / width)
        #: By slot: the slot, and the numbers of those to be looked at. Who goes leaves its own behind; whoever has the
        #: number after it is known by a slot of its own.
        self._slots: dict[int, list[int]] = {}

    def put(self, who: Looked, at: float) -> None:
        """*who* is to be looked at when it is *at*; in the next slot where that is past."""
        slot = max(floor(at / self.width), self._last + 1)
        numbers = self._slots.setdefault(slot, [slot])
        #: Thousands in one slot have one object for it.
        who.slot = numbers[0]
        numbers.append(who.fd)

    def due(self, now: float, those: Mapping[int, T]) -> Iterator[T]:
        """Those of *those* whose slot has come: each must be put in again, or is looked at no more."""
        for slot in range(self._last + 1, floor(now / self.width) + 1):
            self._last = slot
            for number in self._slots.pop(slot, ())[1:]:
                who = those.get(number)
                if who is not None and who.slot == slot:
                    yield who

    def wait(self, now: float) -> float:
        """Seconds until the next slot begins."""
        return (floor(now / self.width) + 1) * self.width - now

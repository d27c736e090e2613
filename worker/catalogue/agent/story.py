"""What an agent has done so far, in order: all that a planner goes by, made anew in each run from what is kept."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from worker.catalogue.agent.budget import Limit
from worker.catalogue.agent.inventory import Inventory
from worker.catalogue.agent.records import Call, Result, Source, Turn

_CITED = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")


@dataclass(frozen=True, kw_only=True)
class Done:
    """A call and its result."""

    call: Call
    result: Result
    #: The numbers of the result's sources, as an answer cites them.
    numbers: Sequence[int]


@dataclass(kw_only=True)
class Move:
    """A planner's turn and what came of its calls; those that there was no budget for are not among them."""

    turn: Turn
    done: list[Done] = field(default_factory=list)


@dataclass(kw_only=True)
class Story:
    """From the goal to the last call."""

    goal: str
    inventory: Inventory = field(default_factory=Inventory)
    plan: Turn = field(default_factory=Turn)
    #: What the documents say to the goal itself.
    search: Done | None = None
    moves: list[Move] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    #: What ended it before the planner had all that it wanted.
    limit: Limit | None = None

    @property
    def done(self) -> Iterator[Done]:
        """All calls, in order."""
        if self.search is not None:
            yield self.search
        for move in self.moves:
            yield from move.done

    @property
    def draft(self) -> str:
        """What a planner said last without calling anything: its answer."""
        last = self.moves[-1].turn if self.moves else Turn()
        return "" if last.calls or last.cut else last.text.strip()

    def numbered(self, found: Iterable[Source]) -> list[int]:
        """The numbers of sources; one that is new gets the next."""
        numbers: list[int] = []
        for source in found:
            if source not in self.sources:
                self.sources.append(source)
            numbers.append(self.sources.index(source) + 1)
        return numbers

    def cited(self, text: str) -> tuple[list[int], list[int]]:
        """The numbers that *text* cites: those of sources, in their order, and those of none."""
        said = {int(number) for group in _CITED.findall(text) for number in re.split(r"\D+", group)}
        known = set(range(1, len(self.sources) + 1))
        return sorted(said & known), sorted(said - known)

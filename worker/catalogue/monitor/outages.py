"""A probe that fails is an alert of its own; it takes two failures in a row, and two answers in a row to end it."""

from collections.abc import Mapping
from typing import Any

from worker.catalogue.monitor.latch import Latch, Verdict
from worker.catalogue.monitor.rules import Change

#: The count of looks stands for time: the second of a kind is one after the first.
_IN_A_ROW = 1


class Outage:
    """Whether one target can be looked at."""

    def __init__(self, target: str) -> None:
        self.name = f"{target} down"
        self.target, self.failures, self.fired = target, 0, 0
        self._latch = Latch(for_seconds=_IN_A_ROW, clear_seconds=_IN_A_ROW)
        self._looks = 0
        self._why = ""

    @property
    def firing(self) -> bool:
        return self._latch.firing

    def see(self, fault: str | None) -> Change | None:
        """What a look changes; *fault* says why it has failed."""
        self._looks += 1
        self.failures += fault is not None
        self._why = fault or self._why
        changed = self._latch.see(self._looks, Verdict.GOOD if fault is None else Verdict.BAD)
        if changed is None:
            return None
        self.fired += changed
        return self.change()

    def change(self) -> Change:
        """How the alert stands."""
        sentence = f"{self.target}: {self._why}" if self.firing else f"{self.target} answers again"
        return Change(name=self.name, severity="critical", firing=self.firing, sentence=sentence)

    def dump(self) -> dict[str, Any]:
        return {
            "latch": self._latch.dump(),
            "looks": self._looks,
            "failures": self.failures,
            "fired": self.fired,
            "why": self._why,
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        self._latch.load(kept["latch"])
        self._looks, self.failures, self.fired, self._why = (
            kept["looks"],
            kept["failures"],
            kept["fired"],
            kept["why"],
        )

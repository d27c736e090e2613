"""What keeps an alert from flapping: a band between the bounds, and times that a change has to last.

         bad                 for_seconds of bad                good              clear_seconds of good
quiet ────────▶ (pending) ───────────────────────▶ firing ─────────▶ (clearing) ───────────────────────▶ quiet
  ▲ not bad          │                               ▲ not good          │
  └──────────────────┘                               └───────────────────┘
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

#: Moments are sums of intervals such as 0.1: a difference that is short by less than this is not short.
_SLACK_SECONDS = 1e-6


class Verdict(Enum):
    #: Beyond the bound: the alert is to fire.
    BAD = "bad"
    #: In the band, or nothing can be said: all stays as it is.
    BETWEEN = "between"
    #: Beyond the band: the alert is to resolve.
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A bound, and how far on its right side a figure has to be to be good again."""

    bound: float
    width: float = 0.0
    above: bool = True

    def judge(self, figure: float | None) -> Verdict:
        if figure is None:
            return Verdict.BETWEEN
        over = figure - self.bound if self.above else self.bound - figure
        if over > 0:
            return Verdict.BAD
        return Verdict.GOOD if over <= -self.width else Verdict.BETWEEN


@dataclass(slots=True, kw_only=True)
class Latch:
    """Fires and resolves; moments are seconds and never go back."""

    for_seconds: float
    clear_seconds: float
    firing: bool = False
    #: Since when every verdict has been for a change; None while none is.
    since: float | None = None

    def see(self, at: float, verdict: Verdict) -> bool | None:
        """True where it fires just now, False where it resolves just now, None where nothing changes."""
        if verdict is not (Verdict.GOOD if self.firing else Verdict.BAD):
            self.since = None
            return None
        if self.since is None:
            self.since = at
        if at - self.since < (self.clear_seconds if self.firing else self.for_seconds) - _SLACK_SECONDS:
            return None
        self.firing, self.since = not self.firing, None
        return self.firing

    def lost(self) -> None:
        """For a while nobody looked: what was about to change has to last anew."""
        self.since = None

    def dump(self) -> dict[str, Any]:
        return {"firing": self.firing, "since": self.since}

    def load(self, kept: dict[str, Any]) -> None:
        self.firing, self.since = kept["firing"], kept["since"]

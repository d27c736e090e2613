"""The rules at work: samples go in, changes of alerts come out; no clock, no input, no output."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from worker.catalogue.monitor.figures import Distance, Figure, Slope, Value
from worker.catalogue.monitor.latch import Band, Latch, Verdict
from worker.catalogue.monitor.rule_params import AnyRule, Rate, Severity, Threshold, Unusual

#: Between these a number is read more easily without an exponent.
_LARGE, _HUGE = 1e4, 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An alert began to fire, or ceased to."""

    name: str
    severity: Severity
    firing: bool
    sentence: str
    value: float | None = None
    threshold: float | None = None


class Rule:
    """One rule and all that it remembers."""

    def __init__(self, asked: AnyRule, unit: str | None = None) -> None:
        self.asked, self.name = asked, asked.told()
        self.fired = 0
        self._unit = unit
        self._figure, self._band = _parts(asked)
        self._latch = Latch(for_seconds=asked.for_seconds, clear_seconds=asked.clear_seconds)
        self._last: float | None = None

    @property
    def firing(self) -> bool:
        return self._latch.firing

    def see(self, at: float, value: float) -> Change | None:
        """What the sample changes; moments are seconds and never go back."""
        figure = self._figure.of(at, value)
        verdict = self._band.judge(figure)
        changed = self._latch.see(at, verdict)
        doubted = figure is not None and verdict is not Verdict.GOOD
        self._figure.learn(at, value, odd=doubted and (verdict is Verdict.BAD or self.firing))
        self._last = value if figure is None else figure
        if changed is None:
            return None
        self.fired += changed
        return self.change()

    def lost(self) -> None:
        """No sample came: what was about to change has to last anew."""
        self._latch.lost()

    def change(self) -> Change:
        """How the alert stands."""
        return Change(
            name=self.name,
            severity=self.asked.severity,
            firing=self.firing,
            sentence=self._sentence(),
            value=self._last,
            threshold=self._band.bound,
        )

    def dump(self) -> dict[str, Any]:
        return {
            "latch": self._latch.dump(),
            "fired": self.fired,
            "last": self._last,
            "points": self._figure.dump(),
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        self._latch.load(kept["latch"])
        self._figure.load(kept["points"])
        self.fired, self._last = kept["fired"], kept["last"]

    def _sentence(self) -> str:
        last = 0.0 if self._last is None else self._last
        match self.asked:
            case Threshold(metric=metric, direction=direction, bound=bound):
                where = direction if self.firing else f"no longer {direction}"
                return f"{metric} is {_number(last, self._unit)}, {where} {_number(bound, self._unit)}"
            case Rate(metric=metric, direction=direction, bound=bound):
                how = "changes by" if self.firing else f"is no longer {direction} so fast: it changes by"
                return f"{metric} {how} {_number(last, self._unit)} a second, the bound is {bound:g}"
            case Unusual(metric=metric, bound=bound):
                how = "is" if self.firing else "is back: it is"
                return f"{metric} {how} {abs(last):.3g} spreads from its median, the bound is {bound:g}"


def _parts(asked: AnyRule) -> tuple[Figure, Band]:
    match asked:
        case Threshold(bound=bound, direction=direction):
            return Value(), Band(bound=bound, width=asked.band, above=direction == "above")
        case Rate(bound=bound, direction=direction):
            up = direction == "rising"
            return Slope(asked.window_seconds), Band(bound=bound if up else -bound, width=asked.band, above=up)
        case Unusual(bound=bound, direction=direction):
            figure = Distance(asked.window_seconds, least_spread=asked.least_spread, either=direction == "either")
            up = direction != "below"
            return figure, Band(bound=bound if up else -bound, width=asked.band, above=up)
        case _:
            assert_never(asked)


def _number(value: float, unit: str | None) -> str:
    size = f"{value:,.0f}" if _LARGE <= abs(value) < _HUGE else f"{value:.4g}"
    return size + (f" {unit}" if unit else "")

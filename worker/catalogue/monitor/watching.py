"""All that a watch knows: samples go in tick by tick, changes of alerts come out, and another run can go on from it."""

from collections.abc import Iterable, Mapping
from typing import Any

from worker.catalogue.monitor.figures import short
from worker.catalogue.monitor.history import History
from worker.catalogue.monitor.outages import Outage
from worker.catalogue.monitor.params import Params
from worker.catalogue.monitor.readings import Reading
from worker.catalogue.monitor.rules import Change, Rule


class Watching:
    """Knows no clock: a tick is one of its intervals, *at* the seconds since the begin."""

    def __init__(self, params: Params) -> None:
        self.units = params.units()
        self.interval = params.interval_seconds
        self.history = History(list(self.units))
        self.rules = [Rule(rule, self.units[rule.metric]) for rule in params.rules]
        self.outages = {target.name: Outage(target.name) for target in params.targets}
        self._alerts: list[Rule | Outage] = [*self.rules, *self.outages.values()]
        self._metrics = {target.name: tuple(target.metrics()) for target in params.targets}
        self.tick = self.samples = self.missed = 0

    def take(self, tick: int, at: float, readings: Iterable[Reading]) -> list[Change]:
        """What the readings of one tick change."""
        self.missed += tick - self.tick - 1
        self.tick, self.samples = tick, self.samples + 1
        return [change for reading in readings for change in self._changes(tick, at, reading)]

    def skip_to(self, tick: int) -> None:
        """Nobody looks any more until then."""
        self.missed += tick - self.tick
        self.tick = tick

    @property
    def firing(self) -> list[Change]:
        """The alerts that fire now."""
        return [each.change() for each in self._alerts if each.firing]

    def summary(self) -> dict[str, Any]:
        return {
            "seconds": round(self.tick * self.interval, 3),
            "samples": self.samples,
            "missed": self.missed,
            "metrics": {name: figures for name in self.units if (figures := self._figures(name))},
            "alerts": [
                {"name": each.name, "fired": each.fired, "firing": each.firing}
                for each in self._alerts
                if each.fired or isinstance(each, Rule)
            ],
            "failures": {name: outage.failures for name, outage in self.outages.items() if outage.failures},
        }

    def dump(self) -> dict[str, Any]:
        return {
            "tick": self.tick,
            "samples": self.samples,
            "missed": self.missed,
            "history": self.history.dump(),
            "rules": {rule.name: rule.dump() for rule in self.rules},
            "outages": {name: outage.dump() for name, outage in self.outages.items()},
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        """Goes on from what another run has kept; nobody looked in between."""
        self.tick, self.samples, self.missed = kept["tick"], kept["samples"], kept["missed"]
        self.history.load(kept["history"])
        for rule in self.rules:
            rule.load(kept["rules"][rule.name])
            rule.lost()
        for name, outage in self.outages.items():
            outage.load(kept["outages"][name])

    def _changes(self, tick: int, at: float, reading: Reading) -> Iterable[Change]:
        for metric, value in reading.values.items():
            self.history.add(tick, metric, value)
        for rule in self.rules:
            if rule.asked.metric in reading.values:
                if (change := rule.see(at, reading.values[rule.asked.metric])) is not None:
                    yield change
            elif rule.asked.metric in self._metrics[reading.target]:
                rule.lost()
        if (change := self.outages[reading.target].see(reading.fault)) is not None:
            yield change

    def _figures(self, metric: str) -> dict[str, Any] | None:
        span = self.history.whole(metric)
        if span is None:
            return None
        figures = {"least": span.least, "mean": span.mean, "most": span.most, "last": self.history.last[metric]}
        return {"samples": span.count, "unit": self.units[metric], **{n: short(v) for n, v in figures.items()}}

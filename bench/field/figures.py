"""What a comparison has found, and what was to be reached: figures, bars, and nothing that measures.

A scenario is a module ``bench/field/s<n>.py`` with

    TITLE                                   what it measures, in a line
    measure(field, rounds, quick)           yields a Figure for each subject and name, a value for each round
    bars(figures)                           yields the Bars that the project has set itself there
"""

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

#: The subject that all others are measured against, and the bare loop in C that is the limit.
OURS, LIMIT = "tailrace", "bare loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one subject, with a value from each round; *name* tells what of it, *unit* in what."""

    scenario: str
    subject: str
    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """The largest value over the smallest; 1 where there is but one, or nothing to divide by."""
        return max(self.values) / min(self.values) if min(self.values) > 0 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was to be reached, and what was: *value* is None where it was not measured."""

    scenario: str
    text: str
    value: float | None
    limit: float
    #: Whether more is better.
    at_least: bool = False

    @property
    def held(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Figures:
    """All figures of a run, looked up by scenario, subject and name."""

    def __init__(self, figures: Iterable[Figure] = ()) -> None:
        self._found = {(each.scenario, each.subject, each.name): each for each in figures}

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def add(self, figure: Figure) -> None:
        self._found[figure.scenario, figure.subject, figure.name] = figure

    def without(self, scenarios: Iterable[str]) -> Self:
        gone = set(scenarios)
        return type(self)(each for each in self if each.scenario not in gone)

    def median(self, scenario: str, subject: str, name: str) -> float | None:
        """None where it was not measured."""
        found = self._found.get((scenario, subject, name))
        return None if found is None else found.median

    def ratio(self, scenario: str, name: str, subject: str = OURS, *, to: str = LIMIT) -> float | None:
        """*subject*'s figure in multiples of that of *to*: the median over the rounds of the ratio within each.

        A machine that is slow in one round is slow for both. None where either was not measured, or is 0.
        """
        one, other = (self._found.get((scenario, each, name)) for each in (subject, to))
        if one is None or other is None:
            return None
        pairs = list(zip(one.values, other.values, strict=False))
        return statistics.median(a / b for a, b in pairs) if pairs and all(b for _, b in pairs) else None

    def written(self, path: Path, made: Mapping[str, str]) -> None:
        """*made*: by scenario, when and with what it was measured."""
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {"made": dict(made), "figures": [asdict(each) for each in self]}
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")

    @classmethod
    def read(cls, path: Path) -> tuple[Self, dict[str, str]]:
        """The figures that were written to *path*, and what those of each scenario were made with."""
        found = json.loads(path.read_text("utf-8"))
        return cls(Figure(**{**each, "values": tuple(each["values"])}) for each in found["figures"]), found["made"]


def ratio_bar(
    figures: Figures, scenario: str, name: str, text: str, *, to: str, limit: float, at_least: bool = False
) -> Bar:
    """What is to be reached by our figure *name* in multiples of that of *to*."""
    value = figures.ratio(scenario, name, to=to)
    return Bar(scenario=scenario, text=text, value=value, limit=limit, at_least=at_least)


@dataclass(slots=True)
class Notes:
    """What the rounds of one scenario bring, value by value; its figures once all are there."""

    scenario: str
    _values: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)

    def add(self, subject: str, name: str, unit: str, value: float) -> None:
        """Says so too: a scenario takes minutes."""
        print(f"    {subject:<16} {name:<44} {value:>14,.3f} {unit}", flush=True)
        self._values.setdefault((subject, name, unit), []).append(value)

    def figures(self) -> Iterator[Figure]:
        for (subject, name, unit), values in self._values.items():
            yield Figure(scenario=self.scenario, subject=subject, name=name, unit=unit, values=tuple(values))

"""What is kept of a metric's samples, however many: their number, least, mean and greatest by spans of time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from worker.catalogue.monitor.figures import short

#: Spans of all metrics together, and of one. When a metric has used up its share, two spans become one.
ALL_SPANS, MOST_SPANS = 6000, 720


@dataclass(slots=True)
class Span:
    """Samples of one metric that lie next to each other."""

    count: int
    least: float
    mean: float
    most: float

    def join(self, other: "Span") -> None:
        count = self.count + other.count
        self.mean += (other.mean - self.mean) * (other.count / count)
        self.least, self.most, self.count = min(self.least, other.least), max(self.most, other.most), count


class History:
    """Spans by metric and number; a span is *width* ticks long, and the same for all."""

    def __init__(self, metrics: list[str]) -> None:
        self.width = 1
        self.spans: dict[str, dict[int, Span]] = {name: {} for name in metrics}
        self.last: dict[str, float] = {}
        self._most = min(MOST_SPANS, ALL_SPANS // max(1, len(metrics)))

    def add(self, tick: int, metric: str, value: float) -> None:
        while tick // self.width >= self._most:
            self._halve()
        _join(self.spans[metric], tick // self.width, Span(1, value, value, value))
        self.last[metric] = value

    def rows(self) -> Iterator[tuple[int, str, Span]]:
        """The first tick of each span, its metric, and the span; in the order of time."""
        numbered = [(at, name, span) for name, spans in self.spans.items() for at, span in spans.items()]
        for at, name, span in sorted(numbered, key=lambda row: row[0]):
            yield at * self.width, name, span

    def whole(self, metric: str) -> Span | None:
        """All samples of a metric as one."""
        found: Span | None = None
        for span in self.spans[metric].values():
            if found is None:
                found = Span(span.count, span.least, span.mean, span.most)
            else:
                found.join(span)
        return found

    def dump(self) -> dict[str, Any]:
        spans = {
            name: [(at, s.count, short(s.least), short(s.mean), short(s.most)) for at, s in spans.items()]
            for name, spans in self.spans.items()
        }
        return {"width": self.width, "spans": spans, "last": self.last}

    def load(self, kept: Mapping[str, Any]) -> None:
        self.width, self.last = kept["width"], dict(kept["last"])
        for name, spans in kept["spans"].items():
            self.spans[name] = {at: Span(*rest) for at, *rest in spans}

    def _halve(self) -> None:
        self.width *= 2
        for name, spans in self.spans.items():
            joined: dict[int, Span] = {}
            for at, span in spans.items():
                _join(joined, at // 2, span)
            self.spans[name] = joined


def _join(spans: dict[int, Span], at: int, span: Span) -> None:
    found = spans.get(at)
    if found is None:
        spans[at] = span
    else:
        found.join(span)

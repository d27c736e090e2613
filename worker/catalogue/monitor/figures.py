"""What a rule looks at: a metric's value, how fast it changes, or how far it is from what it usually is."""

from collections import deque
from statistics import fmean, linear_regression, median
from typing import Any, Protocol

#: A window keeps so many points at most: what comes closer to the last one than their share of it is left out.
POINTS = 200
#: Fewer points say nothing of what is usual, and two make no trend.
_LEAST_USUAL, _LEAST_TREND = 10, 3
#: From the median absolute deviation, and from the mean one where more than half the values are the same, to the
#: standard deviation of a normal distribution (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).
_OF_MEDIAN, _OF_MEAN = 1.4826, 1.2533
#: What is kept for another run: more digits would cost more than they tell.
_DIGITS = 6


class Figure(Protocol):
    """A number made of the samples of one metric."""

    def of(self, at: float, value: float) -> float | None:
        """The figure at a sample; None where nothing can be said yet."""
        ...

    def learn(self, at: float, value: float, *, odd: bool) -> None:
        """Takes the sample in; *odd* where the rule is against it."""
        ...

    def dump(self) -> list[tuple[float, float]]: ...

    def load(self, kept: list[Any]) -> None: ...


class Value:
    """The sample itself."""

    def of(self, at: float, value: float) -> float:  # noqa: ARG002 - as the others
        return value

    def learn(self, at: float, value: float, *, odd: bool) -> None:
        """Remembers nothing."""

    def dump(self) -> list[tuple[float, float]]:
        return []

    def load(self, kept: list[Any]) -> None:
        """Remembers nothing."""


class Window:
    """The samples of the last *seconds*, thinned out to at most 200."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.points: deque[tuple[float, float]] = deque()

    def add(self, at: float, value: float) -> None:
        if not self.points or at - self.points[-1][0] >= self.seconds / POINTS:
            self.points.append((at, value))
        self.forget(at)

    def forget(self, at: float) -> None:
        while self.points and (self.points[0][0] < at - self.seconds or len(self.points) > POINTS):
            self.points.popleft()

    def dump(self) -> list[tuple[float, float]]:
        return [(round(at, 3), short(value)) for at, value in self.points]

    def load(self, kept: list[Any]) -> None:
        self.points = deque((at, value) for at, value in kept)


class Slope(Window):
    """The change a second, by the line of least squares through the window; none before half the window is full."""

    def of(self, at: float, value: float) -> float | None:
        points = [*self.points, (at, value)]
        if len(points) < _LEAST_TREND or at - points[0][0] < self.seconds / 2:
            return None
        return linear_regression(*zip(*points, strict=True)).slope

    def learn(self, at: float, value: float, *, odd: bool) -> None:  # noqa: ARG002 - a trend is of all samples
        self.add(at, value)


class Distance(Window):
    """The distance from the window's median in spreads.

    What is odd is not learned, or it would soon be the usual; but after a whole window of it that is what it is.
    """

    def __init__(self, seconds: float, *, least_spread: float = 0.0, either: bool = True) -> None:
        super().__init__(seconds)
        self._least, self._either = least_spread, either
        self._odd_since: float | None = None

    def of(self, at: float, value: float) -> float | None:  # noqa: ARG002 - as the others
        if len(self.points) < _LEAST_USUAL:
            return None
        values = [point for _, point in self.points]
        middle = median(values)
        spread = max(_spread(values, middle), self._least)
        if not spread:
            return None
        distance = (value - middle) / spread
        return abs(distance) if self._either else distance

    def learn(self, at: float, value: float, *, odd: bool) -> None:
        if not odd:
            self._odd_since = None
        elif self._odd_since is None:
            self._odd_since = at
        if self._odd_since is None or at - self._odd_since > self.seconds:
            self.add(at, value)


def short(value: float) -> float:
    """*value* with as many digits as are worth keeping."""
    return float(f"{value:.{_DIGITS}g}")


def _spread(values: list[float], middle: float) -> float:
    away = [abs(value - middle) for value in values]
    return _OF_MEDIAN * median(away) or _OF_MEAN * fmean(away)

"""What watchers are told of the samples: every one at first, later the mean of those since the last."""

from collections.abc import Mapping

from worker.catalogue.monitor.pace import tell_seconds
from worker.catalogue.monitor.readings import Reading
from worker.context import Context

#: Between two words on how far it is, at least.
_PROGRESS_SECONDS = 1.0
#: Moments are sums of intervals such as 0.1.
_SLACK_SECONDS = 1e-6


class Telling:
    """Metrics on their way to the log; *began* is when the watch did, in seconds since 1970."""

    def __init__(self, ctx: Context, units: Mapping[str, str | None], began: float) -> None:
        self._ctx, self._units, self._began = ctx, units, began
        #: Of each metric the sum and number of the samples that are not told yet.
        self._waiting: dict[str, tuple[float, int]] = {}
        self._told: dict[str, float] = {}
        self._progress: float | None = None

    def add(self, readings: list[Reading]) -> None:
        for reading in readings:
            for metric, value in reading.values.items():
                total, count = self._waiting.get(metric, (0.0, 0))
                self._waiting[metric] = (total + value, count + 1)

    def tell(self, at: float, *, all_of_them: bool = False) -> None:
        """Tells the metrics whose turn it is; a cancel point."""
        pause = 0.0 if all_of_them else tell_seconds(at, len(self._units), self._ctx.load)
        for metric in list(self._waiting):
            if metric not in self._told or at - self._told[metric] >= pause - _SLACK_SECONDS:
                total, count = self._waiting.pop(metric)
                self._told[metric] = at
                #: A time and no count of seconds: whoever draws it knows by its size to draw a clock below.
                self._ctx.metric(metric, total / count, step=round(self._began + at, 3), unit=self._units[metric])

    def progress_due(self, at: float) -> bool:
        """Whether it is time for another word on how far it is: as often as for a metric, but not oftener."""
        pause = max(_PROGRESS_SECONDS, tell_seconds(at, len(self._units), self._ctx.load))
        if self._progress is not None and at - self._progress < pause - _SLACK_SECONDS:
            return False
        self._progress = at
        return True

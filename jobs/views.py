"""The bounded pictures that a snapshot keeps of steps, outputs, metrics, items and alerts.

Each folds its own events, keeps what a late reader needs and says ``truncated`` where it let something go.
"""

from typing import Any

import msgspec

from jobs import events as ev

#: Characters of an output that a snapshot keeps; it is cut back to this when it has grown by a quarter more.
OUTPUT_TAIL = 16 * 1024
RECENT_ITEMS = 200
#: Of the items kept, those that failed stay longest: so many of them.
FAILED_ITEMS = 100
ITEM_STATES = 20
RESOLVED_ALERTS = 50
FIRING_ALERTS = 200
SERIES_POINTS = 200


def keep_tail(things: list[Any], most: int) -> bool:
    """Drops the oldest of *things* beyond *most*; True where any went."""
    surplus = len(things) - most
    if surplus > 0:
        del things[:surplus]
    return surplus > 0


class Step(msgspec.Struct):
    """A named part of a job: pending, running, succeeded, failed, skipped or reused."""

    name: str
    title: str | None = None
    state: str = "pending"
    weight: float = 1.0
    fraction: float = 0.0
    done: float | None = None
    total: float | None = None
    unit: str | None = None
    message: str | None = None
    summary: str | None = None
    parent: str | None = None
    #: The child job that the step is.
    child: str | None = None
    error: ev.Failure | None = None
    started_at: str | None = None
    finished_at: str | None = None
    #: What it took, once it has ended well: more than from begin to end where an earlier run did the work.
    seconds: float | None = None

    def start(self, event: ev.StepStarted, time: str) -> None:
        self.state, self.started_at, self.finished_at, self.seconds = "running", time, None, None
        self.fraction, self.error = 0.0, None
        self.title = event.title or self.title
        self.parent, self.child = event.parent or self.parent, event.child or self.child
        if event.weight is not None:
            self.weight = event.weight

    def advance(self, event: ev.StepProgressed) -> None:
        self.done, self.total = event.done, event.total
        self.unit = event.unit or self.unit
        self.message = event.message or self.message
        fraction = event.fraction
        if fraction is None and event.total and event.done is not None:
            fraction = event.done / event.total
        if fraction is not None:
            self.fraction = min(1.0, max(0.0, fraction))

    def end(self, event: ev.StepSucceeded | ev.StepFailed | ev.StepSkipped | ev.StepReused, time: str) -> None:
        self.finished_at = time
        match event:
            case ev.StepSucceeded():
                self.state, self.fraction, self.summary = "succeeded", 1.0, event.summary
                self.seconds = event.seconds
            case ev.StepFailed():
                self.state, self.error = "failed", event.error
            case ev.StepSkipped():
                self.state, self.fraction, self.message = "skipped", 1.0, event.reason
            case ev.StepReused():
                self.state, self.fraction, self.seconds = "reused", 1.0, event.seconds


class Output(msgspec.Struct):
    """Text that grows; ``length`` counts all of it, ``text`` is its tail."""

    name: str
    text: str = ""
    length: int = 0
    done: bool = False
    truncated: bool = False

    def append(self, offset: int, text: str) -> None:
        #: A repeat of what is already there adds only what goes beyond it; text that is missing before it says so.
        fresh = text[max(0, self.length - offset) :]
        self.truncated = self.truncated or offset > self.length
        self.length = max(self.length, offset + len(text))
        self.text += fresh
        if len(self.text) > OUTPUT_TAIL * 5 // 4:
            self.text, self.truncated = self.text[-OUTPUT_TAIL:], True

    def reset(self) -> None:
        self.text, self.length, self.done, self.truncated = "", 0, False, False

    def finish(self, length: int) -> None:
        self.length, self.done = length, True


class Metric(msgspec.Struct):
    """A measured number: its last value and a series of at most 200 points, each ``[step, value]``."""

    name: str
    value: float = 0.0
    step: float | None = None
    unit: str | None = None
    series: list[tuple[float, float]] = msgspec.field(default_factory=list)
    count: int = 0
    #: Every stride-th measurement is kept; it doubles whenever the series is full.
    stride: int = 1
    #: Another run has begun: what it measures anew takes the place of what its predecessor had measured.
    rewind: bool = False

    def measure(self, event: ev.MetricMeasured) -> None:
        if self.rewind:
            self._go_back(event.step)
        self.value, self.step, self.unit = event.value, event.step, event.unit or self.unit
        if self.count % self.stride == 0:
            self.series.append((float(self.count) if event.step is None else event.step, event.value))
        self.count += 1
        if len(self.series) >= SERIES_POINTS:
            self.series, self.stride = self.series[::2], self.stride * 2

    def _go_back(self, step: float | None) -> None:
        """To before *step*, where the run says at which one it sets in; else to the beginning."""
        self.rewind = False
        self.series = [] if step is None else [point for point in self.series if point[0] < step]
        self.count = len(self.series) * self.stride


class Item(msgspec.Struct, omit_defaults=True):
    key: str
    state: str
    time: str
    error: ev.Failure | None = None
    fields: dict[str, Any] | None = None


class Items(msgspec.Struct):
    """A batch: how many items ended in which state, and the last 200, of which up to 100 that failed stay longest."""

    counts: dict[str, int] = msgspec.field(default_factory=dict)
    recent: list[Item] = msgspec.field(default_factory=list)

    def add(self, event: ev.ItemFinished, time: str) -> None:
        state = event.state if event.state in self.counts or len(self.counts) < ITEM_STATES else "other"
        self.counts[state] = self.counts.get(state, 0) + 1
        self.recent.append(Item(key=event.key, state=event.state, time=time, error=event.error, fields=event.fields))
        if len(self.recent) > RECENT_ITEMS:
            del self.recent[self._expendable()]

    def _expendable(self) -> int:
        """The index of the item that is let go of next: the oldest that did not fail, unless too many did."""
        if self.recent[0].error is None:
            return 0
        return next((n for n, item in enumerate(self.recent[: FAILED_ITEMS + 1]) if item.error is None), 0)


class Alert(msgspec.Struct, omit_defaults=True):
    name: str
    severity: str
    message: str
    firing: bool
    since: str
    value: float | None = None
    threshold: float | None = None
    resolved_at: str | None = None


class Alerts(msgspec.Struct):
    """The alerts that fire now, and the last 50 that ceased to."""

    firing: dict[str, Alert] = msgspec.field(default_factory=dict)
    resolved: list[Alert] = msgspec.field(default_factory=list)

    def change(self, event: ev.AlertChanged, time: str) -> bool:
        """Takes the change in; False where too many fire already to keep this one too."""
        before = self.firing.pop(event.name, None)
        alert = Alert(
            name=event.name,
            severity=event.severity,
            message=event.message,
            firing=event.firing,
            since=before.since if before else time,
            value=event.value,
            threshold=event.threshold,
            resolved_at=None if event.firing else time,
        )
        if not event.firing:
            self.resolved.append(alert)
            keep_tail(self.resolved, RESOLVED_ALERTS)
        elif len(self.firing) < FIRING_ALERTS:
            self.firing[event.name] = alert
        else:
            return False
        return True

    def calm(self, time: str) -> None:
        """Nothing fires any more: the run that had watched is over."""
        for alert in self.firing.values():
            alert.firing, alert.resolved_at = False, time
            self.resolved.append(alert)
        self.firing.clear()
        keep_tail(self.resolved, RESOLVED_ALERTS)

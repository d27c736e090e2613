"""Jobs as workers write them, and what a reader of their events sees."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from hypothesis import strategies as st

from jobs import events as ev
from jobs.eventlog import Entry, Record
from tests.histories import TRICKY, entry_of, record_of, records_of

FAILURE = ev.Failure(code="error", message="no")
BEGUN = [ev.JobQueued(request=ev.Request(type="t", params={})), ev.JobStarted(worker="w", attempt=1)]
CALM_KINDS = ["progress", "step.progress", "text", "metric", "line"]


class Run:
    """Writes what one run of a job would, event by event, as it is told to."""

    def __init__(self) -> None:
        self.events: list[ev.AnyEvent | ev.Unknown] = [*BEGUN]
        self._again()

    def _again(self) -> None:
        self.fraction, self.attempt, self.open = 0.0, 1, set[str]()
        self.done: dict[str, float] = defaultdict(float)
        self.written: dict[str, int] = defaultdict(int)

    def act(self, kind: str, n: int) -> None:
        name = "ab"[n % 2]
        self.events += self._made(kind, name, n)

    def _made(self, kind: str, name: str, n: int) -> Iterable[ev.AnyEvent | ev.Unknown]:  # noqa: C901, PLR0911
        word = TRICKY[: n % 5] if n % 3 == 0 else None
        match kind:
            case "progress":
                self.fraction = min(1.0, self.fraction + n / 200)
                return [ev.JobProgressed(fraction=self.fraction, message=word, eta_seconds=float(n))]
            case "step.progress":
                self.done[name] += n
                fraction = None if n % 4 else 0.5
                total = 100.0 if n % 2 else None
                return [
                    ev.StepProgressed(name=name, done=self.done[name], total=total, fraction=fraction, message=word)
                ]
            case "step":
                self.open ^= {name}
                start = ev.StepStarted(name=name)
                return [start if name in self.open else ev.StepSucceeded(name=name, seconds=1.0)]
            case "text":
                return self._text(name, TRICKY[n % 7 : n % 11])
            case "metric":
                return [ev.MetricMeasured(name=name, value=float(n), step=None, unit=word)]
            case "line":
                return [ev.LogWritten(level="debug" if n % 2 else "info", message=f"{n} {i}") for i in range(n)]
            case "warning":
                return [ev.LogWritten(level="warning", message=str(n))]
            case "item":
                return [ev.ItemFinished(key=str(n), state="succeeded")]
            case "newer":
                return [ev.Unknown(type="metric", data={"name": name, "value": n, "more": 1})]
            case "again":
                self._again()
                return [ev.JobReleased(), BEGUN[1], *[ev.OutputReset(name=each, reason="run") for each in "ab"]]
            case _:
                return [ev.JobCancelling(deadline="2026-01-01T00:01:00.000Z")]

    def _text(self, name: str, text: str) -> Iterator[ev.AnyEvent]:
        offset = self.written[name]
        self.written[name] += len(text)
        yield ev.OutputAppended(name=name, offset=offset, text=text)


_actions = st.lists(
    st.tuples(
        st.sampled_from([*CALM_KINDS * 3, "step", "warning", "item", "newer", "again", "cancel"]), st.integers(0, 25)
    ),
    min_size=1,
    max_size=40,
)


@st.composite
def logs_of_runs(draw: st.DrawFn) -> list[Record]:
    run = Run()
    for kind, n in draw(_actions):
        run.act(kind, n)
    end = draw(st.sampled_from([[], [ev.JobSucceeded()], [ev.JobFailed(error=FAILURE)]]))
    return records_of([*run.events, *end])


def entries_of(events: Iterable[ev.AnyEvent | ev.Unknown], first: int = 1, **changed: Any) -> list[Entry]:
    records = [record_of(seq, event, attempt=1) for seq, event in enumerate(events, first)]
    return [entry_of(msgspec.structs.replace(record, **changed)) for record in records]


def told(entry: Entry) -> Record:
    return msgspec.json.decode(entry.envelope, type=Record)


def told_all(entries: Iterable[Entry]) -> list[Record]:
    return [told(entry) for entry in entries]


def spans(entries: Iterable[Entry]) -> list[tuple[int, int]]:
    return [(one.from_seq or one.seq, one.seq) for one in told_all(entries)]


def data(entry: Entry) -> Any:
    return msgspec.json.decode(told(entry).data)

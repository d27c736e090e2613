"""S1: one job, a thousand readers."""

from collections.abc import Iterator

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field, Target, search

TITLE = "Fan-out: one job, 1,000 readers"
NAME = "S1"
READERS = 1000
#: Deliveries a second that all are asked for, and those of one that cannot bear so many.
EQUAL = 10_000
LESS = {"flask-sse": 3_000}
#: By subject: where the search for the most begins; and that for the most of ours where events may share a send.
STARTS = {OURS: 64_000, LIMIT: 64_000, "nchan": 64_000, "sse-starlette": 8_000}
TOGETHER = 1_000_000
#: flask-sse takes longer than the 100 ms for a single event: there is nothing to search.
SUBJECTS = (*STARTS, "flask-sse")
#: Those whom a bar names.
QUICK = (OURS, LIMIT, "nchan")
#: Deliveries for each read of the generator up to which a server counts as sending one event at a time.
APART = 1.25

COST, MOST, SINGLE = "CPU of a delivery", "most", "most, one event a send"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    for _ in range(rounds):
        for name in field.having(QUICK if quick else SUBJECTS):
            with field.running(name) as target:
                _equal(notes, target, seconds=2 if quick else 3)
                if name in STARTS:
                    _most(notes, target, **search(quick=quick))
    yield from notes.figures()


def _equal(notes: Notes, target: Target, *, seconds: float) -> None:
    rate = LESS.get(target.name, EQUAL)
    found = target.rate(rate, channels=1, readers=READERS, seconds=seconds)
    notes.add(target.name, COST, "µs", found["server_us"])
    notes.add(target.name, "p50 at equal load", "ms", found["p50"])
    notes.add(target.name, "p99 at equal load", "ms", found["p99"])


def _most(notes: Notes, target: Target, **how: float) -> None:
    how = {"channels": 1, "readers": READERS, **how}
    single = target.search(STARTS[target.name], together=APART, **how)
    notes.add(target.name, SINGLE, "/s", single["best"])
    most = target.search(TOGETHER, **{**how, "factor": 2}) if target.name == OURS else single
    notes.add(target.name, MOST, "/s", max(most["best"], single["best"]))


def bars(figures: Figures) -> Iterator[Bar]:
    cost, most = "CPU of a delivery at 10,000/s", "deliveries/s at p99 < 100 ms"
    yield ratio_bar(figures, NAME, COST, f"{cost}, to the bare loop's", to=LIMIT, limit=1.4)
    yield ratio_bar(figures, NAME, COST, f"{cost}, to nchan's", to="nchan", limit=1)
    text = f"{most} with one event a send, to nchan's"
    yield ratio_bar(figures, NAME, SINGLE, text, to="nchan", limit=1.3, at_least=True)
    text = f"{most} where events outrun sends, to nchan's"
    yield ratio_bar(figures, NAME, MOST, text, to="nchan", limit=15, at_least=True)


def guard(field: Field) -> Iterator[Figure]:
    """Equal load alone, in half a minute."""
    notes = Notes(NAME)
    for _ in range(3):
        for name in field.having((OURS, LIMIT)):
            with field.running(name) as target:
                _equal(notes, target, seconds=2)
    yield from notes.figures()


def guard_bars(figures: Figures) -> Iterator[Bar]:
    """Wider than the bar itself: on a busy machine a figure is half as large again, and nothing has slipped."""
    text = "CPU of a delivery at 10,000/s, to the bare loop's"
    yield ratio_bar(figures, NAME, COST, text, to=LIMIT, limit=2.1)

"""S2: two thousand jobs, one reader each."""

from collections.abc import Iterator

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field, Target, search

TITLE = "Per job: 2,000 jobs, one reader each"
NAME = "S2"
JOBS = 2000
EQUAL = 4_000
#: The guard's.
FEWER = 500
#: By subject: where the search for the most begins.
STARTS = {OURS: 32_000, LIMIT: 64_000, "nchan": 16_000, "sse-starlette": 8_000, "flask-sse": 12_000}
SUBJECTS = tuple(STARTS)
#: Its search takes as long as all the others' together.
SLOWEST = "flask-sse"
QUICK = tuple(name for name in STARTS if name != SLOWEST)
COST, MOST = "CPU of a delivery", "most"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    for _ in range(rounds):
        for name in field.having(QUICK if quick else SUBJECTS):
            with field.running(name, JOBS) as target:
                _equal(notes, target, seconds=2 if quick else 3)
                _most(notes, target, **search(quick=quick or name == SLOWEST))
    yield from notes.figures()


def _equal(notes: Notes, target: Target, *, seconds: float, jobs: int = JOBS) -> None:
    found = target.rate(EQUAL, channels=jobs, readers=jobs, seconds=seconds)
    notes.add(target.name, COST, "µs", found["server_us"])
    notes.add(target.name, "p50 at equal load", "ms", found["p50"])
    notes.add(target.name, "p99 at equal load", "ms", found["p99"])


def _most(notes: Notes, target: Target, **how: float) -> None:
    """A search goes beyond what Redis can store with half a core: see the product's two ways of being fed."""
    if target.name == OURS:
        #: What is not in the log cannot be read from there: whoever was behind for once would stay so.
        most = target.search_apart(STARTS[OURS], channels=JOBS, readers=JOBS, pub="live", **{**how, "fails": 2})
    else:
        most = target.search(STARTS[target.name], channels=JOBS, readers=JOBS, **how)
    notes.add(target.name, MOST, "/s", most["best"])
    notes.add(target.name, "CPU of a delivery at the most", "µs", most["server_us"])
    notes.add(target.name, "server's core at the most", "%", 100 * most["busy"])
    beside = most["generator_us"] + most["redis_us"]
    notes.add(target.name, "the generator's and Redis's core at the most", "%", beside * most["delivered"] / 1e4)
    notes.add(target.name, "latest publishing at the most", "ms", most["late"])


def bars(figures: Figures) -> Iterator[Bar]:
    for to, limit in (("nchan", 3), ("sse-starlette", 6), (LIMIT, 0.7)):
        text = f"deliveries/s at p99 < 100 ms, to {'the bare loop' if to == LIMIT else to}'s"
        yield ratio_bar(figures, NAME, MOST, text, to=to, limit=limit, at_least=True)


def guard(field: Field) -> Iterator[Figure]:
    """Equal load alone, for fewer jobs: a quarter of a minute."""
    notes = Notes(NAME)
    for _ in range(2):
        for name in field.having((OURS, LIMIT)):
            with field.running(name, FEWER) as target:
                _equal(notes, target, seconds=2, jobs=FEWER)
    yield from notes.figures()


def guard_bars(figures: Figures) -> Iterator[Bar]:
    """At light load it is mostly the turns of both loops that are compared: 3.5 on a quiet machine."""
    text = f"CPU of a delivery at 4,000/s to {FEWER} jobs, to the bare loop's"
    yield ratio_bar(figures, NAME, COST, text, to=LIMIT, limit=6.5)

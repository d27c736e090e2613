"""S2: two thousand jobs, one reader each."""

from collections.abc import Iterator

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field

TITLE = "Per job: 2,000 jobs, one reader each"
NAME = "S2"
JOBS = 2000
EQUAL = 4_000
#: By subject: where the search for the most begins.
STARTS = {OURS: 16_000, LIMIT: 32_000, "nchan": 8_000, "sse-starlette": 4_000, "flask-sse": 2_000}
COST, MOST = "CPU of a delivery", "most"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    seconds, bisect = (1.0, 1) if quick else (1.5, 2)
    for _ in range(rounds):
        for name in field.having(tuple(STARTS)):
            with field.running(name, JOBS) as target:
                how = {"channels": JOBS, "readers": JOBS}
                found = target.rate(EQUAL, seconds=2 * seconds, **how)
                notes.add(name, COST, "µs", found["server_us"])
                notes.add(name, "p50 at equal load", "ms", found["p50"])
                notes.add(name, "p99 at equal load", "ms", found["p99"])
            #: A search goes beyond what Redis can store with half a core: see the product's two ways of being fed.
            with field.running(name, JOBS) as target:
                fed = {"pub": "live"} if name == OURS else {}
                most = target.search(STARTS[name], seconds=seconds, bisect=bisect, **how, **fed)
                notes.add(name, MOST, "/s", most["best"])
                notes.add(name, "CPU of a delivery at the most", "µs", most["server_us"])
    yield from notes.figures()


def bars(figures: Figures) -> Iterator[Bar]:
    for to, limit in (("nchan", 3), ("sse-starlette", 6), (LIMIT, 0.7)):
        text = f"deliveries/s at p99 < 100 ms, to {'the bare loop' if to == LIMIT else to}'s"
        yield ratio_bar(figures, NAME, MOST, text, to=to, limit=limit, at_least=True)

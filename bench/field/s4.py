"""S4: connections that hear nothing, each of a job of its own."""

from collections.abc import Iterator

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes
from bench.field.ground import Field

TITLE = "Idle: 5,000 and 10,000 streams, a job each"
NAME = "S4"
SIZES = (5_000, 10_000)
#: flask-sse holds a Redis connection for each, which is too much for the descriptors that a process may have.
SUBJECTS = (OURS, LIMIT, "nchan", "sse-starlette")
QUICK = SUBJECTS[:3]
AT_A_SIZE = {5_000: SUBJECTS, 10_000: QUICK}
#: Seconds for which they are watched at rest: ours long enough to hold heartbeats and looks at positions.
REST, OTHERS_REST, QUICK_REST = 16, 6, 4
FIRST = 300


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    for _ in range(rounds):
        for size in SIZES[:1] if quick else SIZES:
            for name in field.having(QUICK if quick else AT_A_SIZE[size]):
                with field.running(name, size) as target:
                    #: What a process loads once, for its first streams, is no stream's.
                    target.load("idle", channels=FIRST, readers=FIRST, hold=0.5, pub="none")
                    hold = QUICK_REST if quick else REST if name == OURS else OTHERS_REST
                    opened, rest = target.load("idle", channels=size, readers=size, hold=hold, pub="none", patience=90)
                notes.add(name, f"memory of a stream, {size:,}", "KiB", (opened["rss"] - opened["rss_before"]) / size)
                notes.add(name, f"accepted, {size:,}", "/s", size / opened["seconds"])
                notes.add(name, f"CPU to accept one, {size:,}", "µs", opened["server"] / size * 1e6)
                notes.add(name, f"CPU at rest, {size:,}", "% of a core", 100 * rest["cpu"])
    yield from notes.figures()


def bars(figures: Figures) -> Iterator[Bar]:
    for text, name, limit, at_least in (
        ("KiB of memory for each of 5,000 idle streams", "memory of a stream, 5,000", 2, False),
        ("streams accepted a second", "accepted, 5,000", 1500, True),
        ("% of a core at 5,000 idle streams", "CPU at rest, 5,000", 1, False),
    ):
        value = figures.median(NAME, OURS, name)
        yield Bar(scenario=NAME, text=text, value=value, limit=limit, at_least=at_least)

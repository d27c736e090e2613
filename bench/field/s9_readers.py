"""S9, the readers' half: what a delivery costs with more and more readers of one job, and with more and more jobs."""

from collections.abc import Iterator

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes
from bench.field.ground import Field

TITLE = "Growth: a delivery with 10 to 10,000 readers of one job, and jobs with one reader"
NAME = "S9"
SUBJECTS = (OURS, LIMIT)
SIZES = (10, 100, 1_000, 10_000)
#: Deliveries a second, whatever the number: so many readers hear so much less often.
FAN_OUT, PER_JOB = 10_000, 4_000


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    for _ in range(rounds):
        for size in SIZES[1:3] if quick else SIZES:
            for name in field.having([OURS] if quick else SUBJECTS):
                #: At ten thousand readers an event a second: a few of them make a figure.
                how = {"readers": size, "seconds": 2 if quick else 5 if size > 1000 else 3, "warm": 0.5 if quick else 1}
                with field.running(name, size) as target:
                    found = target.rate(FAN_OUT, channels=1, **how)
                    notes.add(name, _of("readers of a job", size), "µs", found["server_us"])
                    found = target.rate(PER_JOB, channels=size, **how)
                    notes.add(name, _of("jobs", size), "µs", found["server_us"])
    yield from notes.figures()


def _of(what: str, size: int) -> str:
    return f"CPU of a delivery, {size:,} {what}"


def bars(figures: Figures) -> Iterator[Bar]:
    found = {size: figures.median(NAME, OURS, _of("readers of a job", size)) for size in SIZES}
    few, most = found[100], max((size for size in SIZES if found[size]), default=SIZES[-1])
    many = found[most]
    value = many / few if few and many else None
    yield Bar(scenario=NAME, text=f"CPU of a delivery with {most:,} readers, to that with 100", value=value, limit=1.5)

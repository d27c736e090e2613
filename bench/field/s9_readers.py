"""S9, the readers' half: what a delivery costs with more and more readers of one job, and with more and more jobs."""

from collections.abc import Iterator

from bench.field.figures import LIMIT, OURS, Bar, Figure, Figures, Notes
from bench.field.ground import Field

TITLE = "Growth: a delivery with 10 to 10,000 readers of one job, and jobs with one reader"
NAME = "S9"
SIZES = (10, 100, 1_000, 10_000)
#: Deliveries a second, whatever the number: so many readers hear so much less often.
FAN_OUT, PER_JOB = 10_000, 4_000


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:
    notes = Notes(NAME)
    for _ in range(rounds):
        for size in SIZES:
            for name in field.having((OURS, LIMIT)):
                #: At ten thousand readers an event a second: a few of them make a figure.
                seconds = 3 if quick else 5
                with field.running(name) as target:
                    found = target.rate(FAN_OUT, channels=1, readers=size, seconds=seconds, warm=1)
                    notes.add(name, _of("readers of a job", size), "µs", found["server_us"])
                with field.running(name, size) as target:
                    found = target.rate(PER_JOB, channels=size, readers=size, seconds=seconds, warm=1)
                    notes.add(name, _of("jobs", size), "µs", found["server_us"])
    yield from notes.figures()


def _of(what: str, size: int) -> str:
    return f"CPU of a delivery, {size:,} {what}"


def bars(figures: Figures) -> Iterator[Bar]:
    few, many = (figures.median(NAME, OURS, _of("readers of a job", size)) for size in (100, 10_000))
    value = many / few if few and many else None
    yield Bar(scenario=NAME, text="CPU of a delivery with 10,000 readers, to that with 100", value=value, limit=1.5)

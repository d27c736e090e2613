"""S5: five hundred clients that all come for the same thousand events."""

from collections.abc import Iterator

from bench.field.figures import OURS, Bar, Figure, Figures, Notes, ratio_bar
from bench.field.ground import Field, Target
from bench.field.product import REPLAY

TITLE = "Replay: 1,000 events to 500 clients at once"
NAME = "S5"
EVENTS, CLIENTS = 1000, 500
#: By subject: how a history is recorded, and read from its first event.
WAYS = {OURS: {"path": REPLAY}, "nchan": {"path": "/replay?id=p%d", "ppath": "/record?id=p%d"}}
SUBJECTS = tuple(WAYS)
EACH, SECONDS, READS = "replayed for a second of CPU", "seconds", "reads of the log"


def measure(field: Field, rounds: int, quick: bool) -> Iterator[Figure]:  # noqa: ARG001 - it is quick as it is
    notes = Notes(NAME)
    for _ in range(rounds):
        for name in field.having(SUBJECTS):
            _replayed(field, notes, name)
    yield from notes.figures()


def _replayed(field: Field, notes: Notes, name: str) -> None:
    with field.running(name) as target:
        _record(target)
        before = _reads(field)
        how = {**WAYS[name], "channels": 1, "readers": CLIENTS, "concurrent": CLIENTS, "pub": "none", "ready": ""}
        found = target.load("replay", **how)[-1]
        reads = _reads(field) - before
    if found["replayed"] < EVENTS * CLIENTS:
        raise SystemExit(f"{name}: {found['replayed']:,} of {EVENTS * CLIENTS:,} events were replayed")
    notes.add(name, EACH, "/s", 1e6 / found["server_us"])
    notes.add(name, "CPU of an event", "µs", found["server_us"])
    notes.add(name, SECONDS, "s", found["seconds"])
    if name == OURS:
        notes.add(name, READS, "", reads)


def _record(target: Target) -> None:
    """A thousand events, heard by one who is there from the first."""
    how = {**WAYS[target.name], "channels": 1, "readers": 1, "ready": "", "warm": 0}
    found = target.rate(EVENTS, seconds=1.0, **how)
    if found["delivered"] < EVENTS:
        raise SystemExit(f"{target.name}: {found['delivered']} of {EVENTS} events were recorded")


def _reads(field: Field) -> int:
    """How often the log was read: each read looks for its events and for the oldest one."""
    with field.redis.client() as client:
        return int(client.info("commandstats").get("cmdstat_xrange", {"calls": 0})["calls"]) // 2


def bars(figures: Figures) -> Iterator[Bar]:
    text = "events replayed for a second of CPU, to nchan's"
    yield ratio_bar(figures, NAME, EACH, text, to="nchan", limit=1.5, at_least=True)
    yield Bar(scenario=NAME, text="reads of the log for 500 clients", value=figures.median(NAME, OURS, READS), limit=5)


def guard(field: Field) -> Iterator[Figure]:
    notes = Notes(NAME)
    for name in field.having([OURS]):
        _replayed(field, notes, name)
    yield from notes.figures()


def guard_bars(figures: Figures) -> Iterator[Bar]:
    """A count, no time: each client for itself would be five hundred; a busy machine spreads them a little."""
    value = figures.median(NAME, OURS, READS)
    yield Bar(scenario=NAME, text=f"reads of the log for {CLIENTS} clients", value=value, limit=40)

"""Jobs and events as Hypothesis makes them: every shape that the types allow, in every order that the states allow."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from jobs import events as ev
from jobs.clock import rfc3339
from jobs.errors import InvalidTransition
from jobs.eventlog import Cursor, Entry, Record
from jobs.model import Job, apply

JOB_ID = "01j9zc3k2v8r5n7m4q6w0x1y2e"
EPOCH = "k3f9ab"
#: Where the clock of these histories stands at their first event.
BEGIN = 1_700_000_000_000

#: Everything that breaks a parser or a line: separators of Unicode, NUL, quotes, more bytes than characters.
TRICKY = 'a ü\u4e2d\U0001f600\u0085\u2028\u2029\x0b\x0c\x1c\r\n\t\0"\\:\ufeff'
texts = st.text(st.sampled_from(TRICKY) | st.characters(exclude_categories=["Cs"]), max_size=30)
#: Few, so that events meet in the same step, output, metric, item and alert.
names = st.sampled_from(["a", "b", "\u2028c"])
floats = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
_NAMES = dict.fromkeys(["name", "parent", "child", "key", "state"], names)
_TIMES = dict.fromkeys(["until", "deadline", "expires_at"], st.just(rfc3339(BEGIN)))
_TEXTS = _NAMES | _TIMES
_PLAIN: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.IntType: st.integers(0, 60) | st.integers(0, 2**53),
    inspect.FloatType: floats,
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.AnyType: json_values,
}


def values(kind: inspect.Type, field: str = "") -> st.SearchStrategy[Any]:
    """Any value of a type as msgspec sees it."""
    match kind:
        case inspect.StrType():
            made = _TEXTS.get(field, texts)
        case inspect.LiteralType(values=choices):
            made = st.sampled_from(sorted(choices))
        case inspect.UnionType(types=kinds):
            made = st.one_of([values(each, field) for each in kinds])
        case inspect.ListType(item_type=item):
            made = st.lists(values(item), max_size=3)
        case inspect.DictType(key_type=key, value_type=value):
            made = st.dictionaries(values(key), values(value), max_size=3)
        case inspect.TupleType(item_types=items):
            made = st.tuples(*[values(item) for item in items])
        case inspect.StructType(cls=cls):
            made = structs(cls)
        case _:
            made = _PLAIN[type(kind)]
    return made


def structs(cls: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any instance of *cls*."""
    shape = inspect.type_info(cls)
    assert isinstance(shape, inspect.StructType)
    return st.builds(cls, **{field.name: values(field.type, field.name) for field in shape.fields})


any_event = st.one_of([structs(cls) for cls in ev.EVENTS.values()])
_MOVES = (ev.JobStarted, ev.JobReleased, ev.JobRetrying, ev.JobQueued, ev.JobCancelling, ev.JobScheduled)
_RUNS_OWN = tuple(cls for cls in ev.EVENTS.values() if not cls.terminal and cls not in _MOVES)
_unknown = st.builds(ev.Unknown, type=st.just("step.dreamt"), data=st.dictionaries(texts, json_values, max_size=2))


def record_of(seq: int, event: ev.AnyEvent | ev.Unknown, *, attempt: int = 0) -> Record:
    """The envelope of *event* as a writer makes it; a second passes between two."""
    data = msgspec.json.encode(event.data) if isinstance(event, ev.Unknown) else ev.encode_data(event)
    time = rfc3339(BEGIN + 1000 * seq)
    raw = msgspec.Raw(data)
    return Record(id=f"{EPOCH}-{seq}", seq=seq, type=event.type, job=JOB_ID, time=time, attempt=attempt, data=raw)


def records_of(events: Iterable[ev.AnyEvent | ev.Unknown]) -> list[Record]:
    """Those of *events* that may follow one another, numbered; the others are left out."""
    kept: list[Record] = []
    job: Job | None = None
    for event in events:
        record = record_of(len(kept) + 1, event)
        try:
            job = apply(job, record)
        except InvalidTransition:
            continue
        kept.append(record)
    return kept


def fold_all(records: Sequence[Record], job: Job | None = None) -> Job:
    for record in records:
        job = apply(job, record)
    assert job is not None
    return job


def entry_of(record: Record) -> Entry:
    return Entry(Cursor.parse(record.id), record.type, msgspec.json.encode(record))


requests = structs(ev.Request)
_first = st.builds(ev.JobQueued, request=requests) | st.builds(
    ev.JobScheduled, until=st.just(rfc3339(BEGIN)), reason=st.just("delay"), request=requests
)
_QUEUED = ev.JobQueued()
_started = structs(ev.JobStarted)
_body = st.one_of([structs(cls) for cls in (*_RUNS_OWN * 3, *_MOVES)] + [_unknown])
_end = st.one_of([structs(cls) for cls in ev.EVENTS.values() if cls.terminal])


@st.composite
def histories(draw: st.DrawFn, *, most: int = 40) -> list[Record]:
    """A job's log from its first event on: mostly what a run writes, some moves, perhaps an end.

    A few events are drawn and then told again and again in any order: long logs, cheaply made, full of repeats.
    """
    pool = [_QUEUED, draw(_started), *draw(st.lists(_body, min_size=8, max_size=12))]
    order = draw(st.lists(st.integers(0, len(pool) - 1), min_size=most // 2, max_size=most))
    end = draw(st.lists(_end, max_size=2))
    return records_of([draw(_first), _QUEUED, pool[1], *(pool[n] for n in order), *end])

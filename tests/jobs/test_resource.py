import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import events as ev
from jobs.eventlog import Record
from jobs.model import Job
from jobs.resource import MAX_SNAPSHOT_BYTES, resource
from tests.histories import fold_all, histories, records_of

QUICK = settings(max_examples=25, deadline=None, derandomize=True)
#: What the web tier adds: links with a token, the queue, served.
ADDED = 1500


def text_of(kilobytes: float, character: str) -> str:
    """A text that is about so many kilobytes as JSON."""
    return character * int(kilobytes * 1000 / (len(msgspec.json.encode(character)) - 2))


def crowd(kind: str, count: int, text: str) -> list[ev.AnyEvent]:
    """*count* events of one kind, each with the names that differ and *text* where one may write."""
    failure = ev.Failure(code="error", message=text)
    word = text[:200]
    made: dict[str, list[ev.AnyEvent]] = {
        "steps": [ev.StepStarted(name=f"{n}{word}"[:200], title=text, parent=word) for n in range(count)],
        "step messages": [ev.StepProgressed(name=str(n), message=text, unit=word) for n in range(count)],
        "step errors": [ev.StepFailed(name=str(n), error=failure) for n in range(count)],
        "outputs": [ev.OutputAppended(name=f"{n}{word}"[:200], offset=0, text=text) for n in range(count)],
        "metrics": [ev.MetricMeasured(name=f"{n % 50}{word}"[:200], value=n / 7, unit=word) for n in range(count)],
        "items": [
            ev.ItemFinished(key=f"{n}{word}"[:200], state=f"{n}{word}"[:200], error=failure) for n in range(count)
        ],
        "alerts": [
            ev.AlertChanged(name=str(n), severity="critical", message=text, firing=n % 2 == 0) for n in range(count)
        ],
        "log": [ev.LogWritten(level="info", message="", fields={"a": text}) for _ in range(count)],
        "artifacts": [
            ev.ArtifactReady(
                id=word, name=f"{n}{word}"[:200], media_type=word, bytes=2**60, sha256=word, url=text[:2000]
            )
            for n in range(count)
        ],
        "progress": [ev.JobProgressed(fraction=0.5, message=text)],
    }
    return made[kind]


KINDS = [
    "steps",
    "step messages",
    "step errors",
    "outputs",
    "metrics",
    "items",
    "alerts",
    "log",
    "artifacts",
    "progress",
]


def job_of(events: list[ev.AnyEvent], text: str = "", end: ev.AnyEvent | None = None) -> Job:
    request = ev.Request(type="t", params={"text": text})
    records = records_of(
        [ev.JobQueued(request=request), ev.JobStarted(worker="w", attempt=1), *events, *([end] if end else [])]
    )
    assert len(records) == 2 + len(events) + bool(end)
    return fold_all(records)


def size(job: Job) -> int:
    return len(msgspec.json.encode(resource(job)))


def test_everything_at_once_at_its_worst_still_fits() -> None:
    """Every event as large as an event may be, of characters that are six bytes each in JSON."""
    text = text_of(63, "\x01")
    events = [event for kind in KINDS for event in crowd(kind, 20, text)]
    events.append(ev.JobCancelling(deadline="2023-11-14T22:14:00.000Z", reason=text))
    failed = job_of(events, text, ev.JobFailed(error=ev.Failure(code="error", message=text)))
    view = resource(failed)

    assert len(msgspec.json.encode(view)) <= MAX_SNAPSHOT_BYTES - ADDED
    assert view["truncated"]
    assert view["params"] == {"text": text}
    assert view["error"]["message"] == text


@settings(QUICK, max_examples=25)
@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True),
    st.integers(1, 600),
    st.sampled_from([0.2, 1.2, 12]),
    st.sampled_from(["\0", "\U0001f600", "a", "\u2028", '"', "中"]),
)
def test_whatever_a_job_did_its_snapshot_has_at_most_256_kib(
    kinds: list[str], count: int, kilobytes: float, character: str
) -> None:
    text = text_of(kilobytes, character)
    count = count if kilobytes < 1 else count // 5 + 1
    job = job_of([event for kind in kinds for event in crowd(kind, count, text)], text)
    before = msgspec.json.encode(job)

    assert size(job) <= MAX_SNAPSHOT_BYTES - ADDED
    assert msgspec.json.encode(job) == before, "a snapshot must not change the job"


def test_texts_are_shortened_before_anything_is_left_out() -> None:
    view = resource(job_of(crowd("step messages", 100, text_of(4, "a"))))

    assert [step["name"] for step in view["steps"]] == [str(n) for n in range(100)]
    assert {step["message"] for step in view["steps"]} == {"a" * 199 + "…"}
    assert view["truncated"]


def test_params_and_result_stay_whole_at_their_largest() -> None:
    text = text_of(64, "a")
    view = resource(job_of(crowd("log", 100, text_of(60, "a")), text, ev.JobSucceeded(result=text)))

    assert (view["params"], view["result"]) == ({"text": text}, text)
    assert view["truncated"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_fits_is_not_cut(kind: str) -> None:
    assert not resource(job_of(crowd(kind, 10, "text")))["truncated"]


@QUICK
@given(histories())
def test_a_snapshot_is_json_with_every_member_of_the_protocol(log: list[Record]) -> None:
    view = msgspec.json.decode(msgspec.json.encode(resource(fold_all(log))))

    assert set(view) >= {
        "id", "type", "state", "attempt", "max_attempts", "priority", "labels", "params", "created_at", "started_at",
        "finished_at", "progress", "steps", "outputs", "metrics", "items", "alerts", "log", "artifacts", "result",
        "error", "cancel", "cursor", "truncated",
    }  # fmt: skip
    assert view["cursor"] == log[-1].id
    assert set(view["items"]) == {"counts", "recent"}


def test_an_output_says_truncated_only_where_it_was_cut() -> None:
    events = [*crowd("outputs", 1, "short"), *crowd("items", 200, text_of(2, "a"))]
    events += [ev.OutputAppended(name="long", offset=0, text="x" * 5000)]
    events += crowd("log", 100, text_of(20, "a"))
    outputs = resource(job_of(events))["outputs"]

    assert {name: output["truncated"] for name, output in outputs.items()} == {"0short": False, "long": True}

"""What a job that was run in memory has told: its events, and what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from jobs.eventlog import Record
from jobs.events import Failure
from jobs.model import Job
from jobs.resource import resource


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event as a client gets it."""

    seq: int
    type: str
    attempt: int
    time: str
    data: dict[str, Any]

    def fits(self, kind: str, members: Mapping[str, Any]) -> bool:
        """Whether it is of that type and its data has those members."""
        nothing = object()
        return self.type == kind and all(self.data.get(name, nothing) == value for name, value in members.items())

    def __str__(self) -> str:
        return f"{self.seq:>4} {self.time[11:23]} {self.type} {msgspec.json.encode(self.data).decode()[:200]}"


_records = msgspec.json.Decoder(Record)


def event_of(envelope: bytes) -> Event:
    record = _records.decode(envelope)
    return Event(
        seq=record.seq,
        type=record.type,
        attempt=record.attempt,
        time=record.time,
        data=msgspec.json.decode(record.data),
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class Told:
    """A job at its end; ``str`` gives its events, one a line."""

    events: Sequence[Event]
    #: The resource as ``GET /v1/jobs/{id}`` shows it, without what only the service knows.
    job: Mapping[str, Any]
    error: Failure | None
    #: What the author's function raised, where that made the job fail.
    exception: BaseException | None = field(compare=False)
    #: By name, as they were told last.
    artifacts: Mapping[str, bytes]

    @property
    def state(self) -> str:
        return str(self.job["state"])

    @property
    def result(self) -> Any:
        return self.job["result"]

    @property
    def attempt(self) -> int:
        return int(self.job["attempt"])

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """The steps of the last run, by name."""
        return {step["name"]: step for step in self.job["steps"]}

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        """What the last run told of each item last, by key."""
        return {event.data["key"]: event.data for event in self.last_run if event.type == "item"}

    @property
    def logs(self) -> list[str]:
        """The lines of all runs; ``of("log")`` has their levels and fields."""
        return [event.data["message"] for event in self.of("log")]

    @property
    def last_run(self) -> Sequence[Event]:
        """The events from the last ``job.started`` on."""
        starts = [place for place, event in enumerate(self.events) if event.type == "job.started"]
        return self.events[starts[-1] if starts else 0 :]

    def of(self, kind: str, **members: Any) -> list[Event]:
        """The events of one type whose data has *members*: ``of("item", state="failed")``."""
        return [event for event in self.events if event.fits(kind, members)]

    def text(self, name: str = "text") -> str:
        """An output as a reader has it at the end."""
        text = ""
        for event in self.events:
            if event.fits("output.reset", {"name": name}):
                text = ""
            elif event.fits("output.delta", {"name": name}):
                text = text[: event.data["offset"]] + event.data["text"]
        return text

    def __str__(self) -> str:
        return "\n".join(str(event) for event in self.events)

    def __repr__(self) -> str:
        why = f" ({self.error.code}: {self.error.message})" if self.error else ""
        return f"<{self.job['type']} {self.state}{why} after {len(self.events)} events>"


def told(job: Job, events: Sequence[Event], blobs: Mapping[str, bytes], exception: BaseException | None) -> Told:
    """*blobs* has the bytes of its artifacts by their digest."""
    artifacts = {name: blobs[kept.sha256] for name, kept in job.artifacts.items()}
    return Told(events=events, job=resource(job), error=job.error, exception=exception, artifacts=artifacts)

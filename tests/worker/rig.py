"""A claimed job over a log in memory, run as a worker would run it, and its log to look at afterwards."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from jobs import decisions
from jobs import events as ev
from jobs.clock import now_ms
from jobs.errors import FileNotFound
from jobs.eventlog import EventLog, Record
from jobs.files import new_id
from jobs.memory_log import MemoryLog
from jobs.model import Job
from jobs.names import plain_name
from jobs.writer import Writer, load
from worker.graces import Leave
from worker.interrupt import Interrupter, here
from worker.job_type import JobType
from worker.runner import Runner

UPLOAD = "0" * 26


@dataclass
class FilesInMemory:
    """The port of files, for one job."""

    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    artifacts: dict[str, bytes] = field(default_factory=dict)

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        if file_id not in self.uploads:
            raise FileNotFound(file_id=file_id)
        name, data = self.uploads[file_id]
        target = folder / name
        target.write_bytes(data)
        return target, name

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ev.ArtifactReady:
        plain, data = plain_name(name), b"".join(chunks)
        self.artifacts[plain] = data
        digest = hashlib.sha256(data).hexdigest()
        return ev.ArtifactReady(id=plain, name=plain, media_type=media_type, bytes=len(data), sha256=digest, url="/")


@dataclass
class Rig:
    """One job: ``run`` it, then ask for its ``events`` and what they fold to."""

    kind: JobType
    params: dict[str, Any] = field(default_factory=dict)
    log: EventLog = field(default_factory=MemoryLog)
    files: FilesInMemory = field(default_factory=FilesInMemory)
    timeout_seconds: float | None = None
    max_attempts: int = 3
    sweep: Callable[[], None] = lambda: None
    leaving: Callable[[], Leave | None] = lambda: None
    interrupter: Callable[[], Interrupter] = here
    job_id: str = field(default_factory=new_id)
    workdir: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="tailrace-test-work-")))

    def __post_init__(self) -> None:
        request = ev.Request(
            type=self.kind.name,
            params=self.params,
            timeout_seconds=self.timeout_seconds,
            max_attempts=self.max_attempts,
        )
        Writer(self.log, self.job_id, now_ms).create(decisions.submit(request))

    def claim(self) -> Job:
        steps = list(self.kind.steps) or None
        return self.decide(lambda job: decisions.start(job, worker="w", steps=steps))

    def run(self) -> Job | None:
        given = {"sweep": self.sweep, "leaving": self.leaving, "interrupter": self.interrupter}
        runner = Runner(eventlog=self.log, clock=now_ms, **given)
        return runner.run(self.kind, self.claim(), self.files, self.workdir)

    def decide(self, decision: Callable[[Job], decisions.Events]) -> Job:
        return Writer(self.log, self.job_id, now_ms).decide(decision)

    def cancel(self, *, grace_seconds: float = 5) -> Job:
        return self.decide(
            lambda job: decisions.cancel(job, now_ms=now_ms(), grace_seconds=grace_seconds, reason="enough", by=None)
        )

    @property
    def job(self) -> Job:
        return load(self.log, self.job_id)

    @property
    def records(self) -> list[Record]:
        found = self.log.read(self.job_id, 0, 1_000_000).entries
        return [msgspec.json.decode(entry.envelope, type=Record) for entry in found]

    @property
    def types(self) -> list[str]:
        return [record.type for record in self.records]

    def events(self, *kinds: type[Any]) -> list[Any]:
        decoded = (ev.decode_data(record.type, record.data) for record in self.records)
        return [event for event in decoded if isinstance(event, kinds)]

    def text(self, name: str) -> str:
        """The output as a reader joins it."""
        return "".join(event.text for event in self.events(ev.OutputAppended) if event.name == name)


def until(thing: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true value of *thing*."""
    deadline = time.monotonic() + seconds
    while not (found := thing()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.002)
    return found

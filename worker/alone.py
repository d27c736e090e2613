"""A run without a service: for tasks that are called as functions, and for tests."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jobs import decisions
from jobs.clock import now_ms
from jobs.errors import FileNotFound
from jobs.events import ArtifactReady, Request
from jobs.files import new_id
from jobs.memory_log import MemoryLog
from jobs.model import Job
from jobs.names import plain_name
from jobs.writer import Writer
from worker.interrupt import Never
from worker.job_type import JobType
from worker.local import cleared
from worker.runner import Runner


class NoFiles:
    """Nobody could read an artifact: it is measured and let go."""

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:  # noqa: ARG002 - the port's
        raise FileNotFound(file_id=file_id)

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ArtifactReady:
        data, plain = b"".join(chunks), plain_name(name)
        digest = hashlib.sha256(data).hexdigest()
        return ArtifactReady(id=new_id(), name=plain, media_type=media_type, bytes=len(data), sha256=digest, url="")

    def recall(self, name: str, folder: Path) -> Path | None:  # noqa: ARG002 - the port's
        return None

    def drop(self, name: str) -> None:
        """There is no later run that could ask for it."""


def run_alone(kind: JobType) -> Job | None:
    """Runs *kind* as a job that only this process knows of."""
    writer = Writer(MemoryLog(), new_id(), now_ms)
    writer.create(decisions.submit(Request(type=kind.name, params={}, max_attempts=1)))
    job = writer.decide(lambda job: decisions.start(job, worker="alone", steps=list(kind.steps) or None))
    workdir = Path(tempfile.mkdtemp(prefix="tailrace-alone-"))
    try:
        return Runner(eventlog=writer.log, clock=now_ms, interrupter=Never).run(kind, job, NoFiles(), workdir)
    finally:
        cleared(workdir)

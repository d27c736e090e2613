"""A job through the worker's own runner, on a log in memory: no Redis, no Celery, the same events."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from jobs import decisions
from jobs.clock import now_ms
from jobs.errors import FileNotFound
from jobs.events import ArtifactReady, Request
from jobs.files import new_id
from jobs.memory_log import MemoryLog
from jobs.model import Job
from jobs.writer import Writer
from worker.job import JobType
from worker.runner import Runner

#: The format of a param that names an upload.
FILE_FORMAT = "tailrace-file"
SAMPLE = b"a,b\n1,2\n"


class FilesHere:
    """Uploads and artifacts as files in one folder; an upload is put there by :meth:`upload`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def upload(self, name: str, data: bytes) -> str:
        file_id = new_id()
        self._names[file_id] = name
        (self._folder / file_id).write_bytes(data)
        return file_id

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        if file_id not in self._names:
            raise FileNotFound(file_id=file_id)
        (folder / file_id).write_bytes((self._folder / file_id).read_bytes())
        return folder / file_id, self._names[file_id]

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ArtifactReady:
        data = b"".join(chunks)
        (self._folder / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return ArtifactReady(id=new_id(), name=name, media_type=media_type, bytes=len(data), sha256=digest, url="")


def rehearse(kind: JobType, folder: Path, params: dict[str, Any] | None = None, *, upload: bytes = SAMPLE) -> Job:
    """The job at its end, run with *params*: the type's example unless given, with *upload* where it wants a file."""
    log, job_id, files = MemoryLog(), new_id(), FilesHere(folder / "files")
    writer = Writer(log, job_id, now_ms)
    given = params if params is not None else {**(kind.example or {}), **_uploads(kind, files, upload)}
    writer.create(decisions.submit(Request(type=kind.name, params=given, max_attempts=1)))
    job = writer.decide(lambda job: decisions.start(job, worker="rehearsal", steps=list(kind.steps)))
    workdir = folder / f"work-{job_id}"
    workdir.mkdir()
    ended = Runner(eventlog=log, clock=now_ms).run(kind, job, files, workdir)
    assert ended is not None
    return ended


def _uploads(kind: JobType, files: FilesHere, data: bytes) -> dict[str, str]:
    """An upload of *data* for each param that is one."""
    params: dict[str, dict[str, Any]] = kind.schema().get("properties", {})
    wanted = [name for name, schema in params.items() if schema.get("format") == FILE_FORMAT]
    return {name: files.upload("sample.csv", data) for name in wanted}


def job_types(module: ModuleType) -> list[JobType]:
    """The job types that a module defines, as the worker's root collects them."""
    return [thing for thing in vars(module).values() if isinstance(thing, JobType)]

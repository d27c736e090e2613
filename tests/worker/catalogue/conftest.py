"""Runs a job type as a worker would: with the real context, over events and files that are kept to be looked at."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from jobs import events as ev
from worker.blame import Blame
from worker.catalogue import report_job
from worker.context import Context
from worker.fraction import Fraction
from worker.job import JobType
from worker.outcomes import Cancelled

E = TypeVar("E")
FILE_ID = "0" * 26
MOST_BYTES = 64 * 1024


class Kept:
    """A sink that keeps every event; `cancel_at` begins the end of the job when that many events have come."""

    def __init__(self) -> None:
        self.verdict: type[Cancelled] | None = None
        self.events: list[ev.AnyEvent] = []
        self.cancel_at: int | None = None

    def emit(self, event: ev.AnyEvent, size: int) -> None:
        assert len(ev.encode_data(event)) <= MOST_BYTES
        assert size > 0
        self.events.append(event)
        if len(self.events) == self.cancel_at:
            self.verdict = Cancelled


@dataclass
class Folder:
    """Files of one job: an upload, and the artifacts it leaves."""

    upload: Path | None
    artifacts: dict[str, bytes] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        assert file_id == FILE_ID
        assert self.upload is not None
        copy = folder / file_id
        copy.write_bytes(self.upload.read_bytes())
        return copy, self.upload.name

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ev.ArtifactReady:
        data = b"".join(chunks)
        self.artifacts[name], self.media_types[name] = data, media_type
        digest = hashlib.sha256(data).hexdigest()
        return ev.ArtifactReady(id=name, name=name, media_type=media_type, bytes=len(data), sha256=digest, url="/x")


@dataclass
class Run:
    """What a job did."""

    result: Any
    events: list[ev.AnyEvent]
    artifacts: dict[str, bytes]
    media_types: dict[str, str]

    def of(self, kind: type[E]) -> list[E]:
        """Events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def text(self) -> str:
        """The narrative."""
        return "".join(event.text for event in self.of(ev.OutputAppended))

    def artifact(self, name: str) -> str:
        """An artifact's text."""
        return self.artifacts[name].decode()


Runner = Callable[..., Run]
SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "nyc-airports-2013.csv"


def run_in(folder: Path, sink: Kept, kind: JobType, upload: Path | None, params: dict[str, Any]) -> Run:
    """Runs a job type as a worker's runner does, but in this process and with nothing stored."""
    files = Folder(upload)
    context = Context(
        "job",
        attempt=1,
        sink=sink,
        files=files,
        workdir=folder,
        fraction=Fraction(kind.steps),
        blame=Blame("job"),
    )
    given = params if upload is None else {**params, "file": FILE_ID}
    result = kind.run(context, kind.read(given))
    return Run(result, sink.events, files.artifacts, files.media_types)


@pytest.fixture
def kept() -> Kept:
    """The sink of the test's job: its events also when the job does not end well."""
    return Kept()


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Runs a job type: `run(kind, upload, **params)`."""

    def runner(kind: JobType, upload: Path | None = None, *, sink: Kept | None = None, **params: Any) -> Run:
        return run_in(tmp_path_factory.mktemp("work"), sink or Kept(), kind, upload, params)

    return runner


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A report on the sample file, made once."""
    return run_in(tmp_path_factory.mktemp("sample"), Kept(), report_job, SAMPLE, {})


@pytest.fixture
def upload(tmp_path: Path) -> Callable[..., Path]:
    """Writes an upload and returns its path; takes text or bytes, and a name."""

    def write(data: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write

"""Runs a job type as a worker would, and keeps what it told to be looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from jobs import events as ev
from tailrace_testing import Told, rehearse
from worker.catalogue import report_job
from worker.job_type import JobType

E = TypeVar("E")


@dataclass
class Run:
    """What a job did."""

    result: Any
    events: list[ev.AnyEvent | ev.Unknown]
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


def told_by(
    kind: JobType, upload: Path | None, params: dict[str, Any], further: Sequence[Path] = (), **more: Any
) -> Told:
    """The job's one attempt; what it raised is raised where it failed."""
    files = {path.name: path.read_bytes() for path in [*([] if upload is None else [upload]), *further]}
    given = params if upload is None else {**params, "file": upload.name}
    given |= {"files": [path.name for path in further]} if further else {}
    return rehearse(kind, given, files=files, max_attempts=1, reraise=True, **more)


def run_of(told: Told) -> Run:
    events = [ev.decode_data(event.type, msgspec.json.encode(event.data)) for event in told.events]
    media_types = {event.data["name"]: event.data["media_type"] for event in told.of("artifact.ready")}
    return Run(told.result, events, dict(told.artifacts), media_types)


@pytest.fixture
def run() -> Runner:
    """Runs a job type: `run(kind, upload, **params)`; *more* are further uploads, *load* is how busy the service is."""

    def runner(
        kind: JobType, upload: Path | None = None, /, *, more: Sequence[Path] = (), load: int = 0, **params: Any
    ) -> Run:
        return run_of(told_by(kind, upload, params, more, load=load))

    return runner


@pytest.fixture
def brief(run: Runner) -> Runner:
    """As `run`, while the service is busy: without charts, in a fraction of the time."""
    return partial(run, load=3)


@pytest.fixture
def cancelled() -> Callable[..., Told]:
    """A report that is cancelled: `cancelled(upload, at)`."""

    def runner(upload: Path, at: int) -> Told:
        return told_by(report_job, upload, {}, cancel_at=at)

    return runner


@pytest.fixture(scope="session")
def sample() -> Run:
    """A report on the sample file, made once."""
    return run_of(told_by(report_job, SAMPLE, {}))


@pytest.fixture
def upload(tmp_path: Path) -> Callable[..., Path]:
    """Writes an upload and returns its path; takes text or bytes, and a name."""

    def write(data: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write

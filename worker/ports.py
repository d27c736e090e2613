"""What a job's context needs of the world: somewhere to put events, somewhere to get and keep files."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from jobs.events import AnyEvent, ArtifactReady, Request, encode_data
from jobs.model import Job
from worker.verdict import Verdict


class Sink(Protocol):
    """Takes the job's events, in order, and knows whether the job is still to go on."""

    verdict: Verdict

    def emit(self, event: AnyEvent, size: int) -> None:
        """Takes one event of about *size* bytes; may wait where too many are on their way."""
        ...

    def hurry(self) -> None:
        """How far the job is has changed: it is told soon where nothing was told for a while, else with what comes."""
        ...

    def keep(self, name: str, value: bytes, event: AnyEvent | None = None) -> Callable[[float], bool]:
        """Takes what a later run is to find under *name*, stored at one with *event*.

        The answer waits for up to so many seconds; True once it is stored (or the run is over).
        """
        ...

    def extend(self, seconds: float) -> None:
        """The run may take so much longer."""
        ...

    @property
    def deadline_ms(self) -> int | None:
        """When the run will have taken too long, in milliseconds since 1970."""
        ...


class Files(Protocol):
    """Uploads and artifacts of one job, and what its runs leave each other. May raise OSError or a TailraceError."""

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        """Copies an upload into *folder*: its local path, and the name it was uploaded under."""
        ...

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ArtifactReady: ...

    def recall(self, name: str, folder: Path) -> Path | None:
        """Copies what was kept under *name* into *folder*, whichever run has kept it; None where there is nothing."""
        ...

    def drop(self, name: str) -> None:
        """Nothing is kept under *name* any more."""
        ...


class Children(Protocol):
    """Child jobs of one job. All calls but ``new_id`` may raise LogUnavailable."""

    def new_id(self) -> str: ...

    def ask(self, kind: str, params: dict[str, Any], *, step: str, labels: Mapping[str, str]) -> Request:
        """What a child of that type would be asked for; ChildFailed ``refused`` where there can be none."""
        ...

    def submit(self, child_id: str, request: Request) -> None:
        """Makes the child; the same id twice is one child."""
        ...

    def find(self, child_id: str) -> Job | None: ...


def check(sink: Sink) -> None:
    """A cancel point: raises once the job is not to go on."""
    if sink.verdict.open is not None:
        raise sink.verdict.open


def tell(sink: Sink, event: AnyEvent) -> None:
    """Emits an event that is checked here and now: InvalidEvent in the author's own line, not later."""
    sink.emit(event, len(encode_data(event)))

"""What a job's context needs of the world: somewhere to put events, somewhere to get and keep files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from jobs.events import AnyEvent, ArtifactReady, encode_data
from worker.outcomes import Cancelled


class Sink(Protocol):
    """Takes the job's events, in order, and knows whether the job is still to go on."""

    #: What the next cancel point raises; None while the job is to go on.
    verdict: type[Cancelled] | None

    def emit(self, event: AnyEvent, size: int) -> None:
        """Takes one event of about *size* bytes; may wait where too many are on their way."""
        ...


class Files(Protocol):
    """Uploads and artifacts of one job. Both calls may raise OSError or a TailraceError."""

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        """Copies an upload into *folder*: its local path, and the name it was uploaded under."""
        ...

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ArtifactReady: ...


def check(sink: Sink) -> None:
    """A cancel point: raises once the job is not to go on."""
    if sink.verdict is not None:
        raise sink.verdict


def tell(sink: Sink, event: AnyEvent) -> None:
    """Emits an event that is checked here and now: InvalidEvent in the author's own line, not later."""
    sink.emit(event, len(encode_data(event)))

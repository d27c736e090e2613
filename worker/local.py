"""Files on this machine, as a job reads and leaves them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: Bytes read at a time.
CHUNK = 256 * 1024


def chunks_of(data: bytes | str | Path) -> Iterator[bytes]:
    """*data* piece by piece: bytes, text as UTF-8, or the file at a path; TypeError for anything else."""
    match data:
        case Path():
            return _chunks_in(data)
        case str():
            return iter([data.encode("utf-8", "replace")])
        case bytes() | bytearray() | memoryview():
            return iter([bytes(data)])
    raise TypeError(f"an artifact is bytes, text or a Path, not {type(data).__name__}")


def _chunks_in(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


@contextmanager
def opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    """The file at *path*, buffered and seekable, calling itself *name*."""
    with path.open("rb") as file:
        file.raw.name = name  # type: ignore[attr-defined] # typeshed knows it as read-only; it is where .name comes from
        yield file


def cleared(folder: Path) -> None:
    """Removes *folder* if it is there; most jobs leave theirs empty, and that takes one call of the system."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)

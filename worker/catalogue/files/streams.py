"""Bytes that others made, read with care: so many at a time, so many in all, and a look at the job between."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from worker.catalogue.files import limits
from worker.catalogue.files.refused import Refused
from worker.outcomes import JobFailed

#: Raises once the job is to end.
Look = Callable[[], None]


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Careful:
    """A file on disk as ``zipfile`` reads it: nothing that it says of itself makes one read of it a large one."""

    def __init__(self, file: IO[bytes], look: Look, *, most: int) -> None:
        self._file, self._look, self._most = file, look, most
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._look()
        data = self._file.read(self._most + 1 if size < 0 else min(size, self._most + 1))
        if len(data) > self._most:
            raise JobFailed("archive_bomb", "The archive's directory is too large for what an archive here may hold.")
        return data


class Unpacked:
    """A tar as it is unpacked, forward only: nothing of it is on disk, and what it grows to is bounded."""

    def __init__(self, path: Path, packing: str, look: Look) -> None:
        self._file = path.open("rb")
        self._stream: Readable = _OPENERS[packing](self._file)
        self._look, self._at = look, 0

    def tell(self) -> int:
        return self._at

    def seek(self, position: int) -> int:
        while self._at < position and self.read(min(limits.CHUNK, position - self._at)):
            pass
        return self._at

    def read(self, size: int) -> bytes:
        self._look()
        if size > limits.MAX_HEADER_BYTES:
            raise JobFailed("archive_bomb", "A name or an attribute in the archive claims to be over 1 MiB long.")
        data = self._stream.read(size)
        self._at += len(data)
        self._weigh()
        return data

    def _weigh(self) -> None:
        if self._at > limits.MAX_BATCH_BYTES:
            raise JobFailed("too_large", f"The archive unfolds to more than {limits.MAX_BATCH_BYTES >> 30} GiB.")
        if self._at > limits.RATIO_FROM_BYTES and self._at > limits.MAX_RATIO * self._file.tell():
            raise JobFailed("archive_bomb", f"The archive unfolds to more than {limits.MAX_RATIO} times its size.")

    def close(self) -> None:
        self._file.close()


class _Xz(io.RawIOBase):
    """``lzma.LZMAFile`` with a bound on memory, which that one does not have."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._rest = file, b""
        self._decoder = lzma.LZMADecompressor(memlimit=limits.MAX_WINDOW_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override] # what BufferedReader gives
        while not (self._decoder.eof and self._ended()):
            data = self._decoder.decompress(self._packed(), len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0

    def _packed(self) -> bytes:
        given, self._rest = self._rest, b""
        if given or not self._decoder.needs_input:
            return given
        given = self._file.read(limits.CHUNK)
        if not given:
            raise EOFError("the stream ends too early")
        return given

    def _ended(self) -> bool:
        """Another stream may follow where one ends, behind zeros that fill it up."""
        self._rest = self._decoder.unused_data.lstrip(b"\0") or self._file.read(limits.CHUNK).lstrip(b"\0")
        if self._rest:
            self._decoder = lzma.LZMADecompressor(memlimit=limits.MAX_WINDOW_BYTES)
        return not self._rest


_OPENERS: dict[str, Callable[[IO[bytes]], Readable]] = {
    "": lambda file: file,
    "gz": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    "bz2": bz2.BZ2File,
    "xz": lambda file: io.BufferedReader(_Xz(file), limits.CHUNK),
}
#: What reading a packed file raises where it is damaged.
DAMAGE = (EOFError, OSError, lzma.LZMAError, ValueError)


def is_the_disks(error: BaseException) -> bool:
    """Whether it is the system's fault and not the file's: what unpacks says OSError too, but without a number."""
    return isinstance(error, OSError) and error.errno is not None


@contextmanager
def removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def copy(source: Readable, target: Path, look: Look, *, most: int = limits.MAX_FILE_BYTES) -> None:
    """*source* into the new file *target*; Refused, and nothing left, where it is more than *most* bytes."""
    size = 0
    with removed_on_failure(target), target.open("xb") as file:
        while chunk := source.read(limits.CHUNK):
            look()
            size += len(chunk)
            if size > most:
                raise Refused("too_large", f"The file is larger than it claimed, or than {most:,} bytes.")
            file.write(chunk)

"""An upload unpacked within bounds."""

import gzip
import io
import zlib
from typing import IO, cast

from worker.catalogue.texts.limits import MAX_TEXT_BYTES
from worker.outcomes import JobFailed

GZIP = b"\x1f\x8b"
CHUNK = 1 << 18


class Bounded(io.RawIOBase):
    """Unpacked bytes, refused past a bound, so that a small file cannot unfold to a huge one."""

    def __init__(self, inner: IO[bytes], limit: int) -> None:
        self._inner = inner
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        try:
            data = self._inner.read(len(view))
        except (EOFError, gzip.BadGzipFile, zlib.error) as broken:
            raise JobFailed("broken_gzip", "The gzip file is damaged or ends too early.") from broken
        self._left -= len(data)
        if self._left < 0:
            raise JobFailed("too_large", f"Unpacked, the file is larger than {MAX_TEXT_BYTES >> 30} GiB.")
        view[: len(data)] = data
        return len(data)


def unpacked(raw: IO[bytes]) -> IO[bytes]:
    """Return the bytes of the file itself, from the start, gunzipped where needed."""
    raw.seek(0)
    packed = raw.read(2) == GZIP
    raw.seek(0)
    inner = cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb")) if packed else raw
    return cast("IO[bytes]", io.BufferedReader(Bounded(inner, MAX_TEXT_BYTES), CHUNK))

"""Uploads and artifacts: bytes in a folder or an object store, what is known of them in Redis."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Protocol

import fsspec
import msgspec
import redis
from ulid import ULID

from jobs import keys
from jobs.clock import Clock
from jobs.errors import FileNotFound, FileTooLarge
from jobs.names import plain_name
from jobs.redis_log import available

#: Bytes read at a time; an upload is never held in memory.
CHUNK = 256 * 1024
#: The first character ends at 7: 26 of them would hold 130 bits, a ULID has 128.
_ID = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


class Source(Protocol):
    """What an upload is read from: up to *size* bytes, none at the end."""

    def read(self, size: int, /) -> bytes: ...


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One upload."""

    id: str
    name: str
    media_type: str
    bytes: int
    sha256: str


def new_id() -> str:
    """26 characters, ordered by time, with 80 random bits: a ULID in lower case."""
    return str(ULID()).lower()


def is_id(text: str) -> bool:
    """Whether *text* could be an id; whatever could not is never used in a key or a path."""
    return _ID.fullmatch(text) is not None


class FileStore:
    """Bytes under *url* (a folder or any fsspec URL); calls may raise LogUnavailable or OSError."""

    def __init__(self, url: str, client: redis.Redis, clock: Clock) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._client: Any = client
        self._clock = clock

    # Uploads --------------------------------------------------------------------------------------------------

    def save(self, stream: Source, *, name: str, media_type: str, limit: int) -> FileRecord:
        """Copies *stream* into the store; FileTooLarge, and nothing kept, beyond *limit* bytes."""
        file_id = new_id()
        path = f"{self._root}/uploads/{file_id}"
        try:
            size, sha256 = self._write(path, _at_most(stream, limit))
            record = FileRecord(id=file_id, name=name, media_type=media_type, bytes=size, sha256=sha256)
            with available():
                self._client.zadd(keys.FILES, {file_id: self._clock()})
                self._client.set(keys.file(file_id), msgspec.json.encode(record))
        except BaseException:
            self._remove(path)
            raise
        return record

    def find(self, file_id: str) -> FileRecord:
        if is_id(file_id):
            with available():
                found = self._client.get(keys.file(file_id))
            if found is not None:
                return msgspec.json.decode(found, type=FileRecord)
        raise FileNotFound(file_id=file_id[:64])

    def hold(self, file_ids: list[str], job_id: str) -> None:
        """Keeps the uploads for as long as the job is kept."""
        for file_id in file_ids:
            with available():
                self._client.sadd(keys.file_users(file_id), job_id)
                self._client.zadd(keys.FILES, {file_id: self._clock()})

    def fetch(self, file_id: str, target: str) -> FileRecord:
        """Copies an upload into the local file *target*."""
        record = self.find(file_id)
        self._fs.get_file(f"{self._root}/uploads/{file_id}", target)
        return record

    def unused(self, before_ms: int, limit: int = 50) -> list[tuple[str, list[str]]]:
        """Uploads not used since *before_ms*, each with the jobs that named it."""
        with available():
            ids = self._client.zrangebyscore(keys.FILES, "-inf", before_ms, start=0, num=limit)
            return [(i.decode(), [j.decode() for j in self._client.smembers(keys.file_users(i.decode()))]) for i in ids]

    def postpone(self, file_id: str) -> None:
        with available():
            self._client.zadd(keys.FILES, {file_id: self._clock()}, xx=True)

    def delete(self, file_id: str) -> None:
        self._remove(f"{self._root}/uploads/{file_id}")
        with available():
            self._client.delete(keys.file(file_id), keys.file_users(file_id))
            self._client.zrem(keys.FILES, file_id)

    # Artifacts ------------------------------------------------------------------------------------------------

    def keep(self, job_id: str, name: str, chunks: Iterator[bytes]) -> tuple[int, str]:
        """Stores an artifact; its size in bytes and its sha256."""
        return self._write(self._artifact(job_id, name), chunks)

    def open_artifact(self, job_id: str, name: str) -> IO[bytes]:
        """The artifact, seekable; FileNotFound where there is none."""
        try:
            opened: IO[bytes] = self._fs.open(self._artifact(job_id, name), "rb")
        except (FileNotFoundError, IsADirectoryError):
            raise FileNotFound(file_id=name[:64]) from None
        return opened

    def drop_artifact(self, job_id: str, name: str) -> None:
        self._remove(self._artifact(job_id, name))

    def delete_artifacts(self, job_id: str) -> None:
        self._remove(f"{self._root}/artifacts/{job_id}")

    def _artifact(self, job_id: str, name: str) -> str:
        if not is_id(job_id) or plain_name(name) != name:
            raise FileNotFound(file_id=name[:64])
        return f"{self._root}/artifacts/{job_id}/{name}"

    def _write(self, path: str, chunks: Iterator[bytes]) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        with self._fs.open(path, "wb") as target:
            for chunk in chunks:
                size += len(chunk)
                digest.update(chunk)
                target.write(chunk)
        return size, digest.hexdigest()

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm(path, recursive=True)


def _at_most(stream: Source, limit: int) -> Iterator[bytes]:
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise FileTooLarge(limit=limit)
        yield chunk

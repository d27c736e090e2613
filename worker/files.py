"""Uploads and artifacts of one job, out of and into the service's file store."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from jobs.errors import FileNotFound, InvalidEvent
from jobs.events import ArtifactReady
from jobs.files import FileStore, new_id
from jobs.names import plain_name
from worker.ports import Files


class JobFiles(Files):
    """The port's real thing."""

    def __init__(self, store: FileStore, job_id: str) -> None:
        self._store, self._job_id = store, job_id

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        name = self._store.find(file_id).name
        target = folder / "uploads" / file_id / _local(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._store.fetch(file_id, str(target))
        return target, name

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ArtifactReady:
        plain = plain_name(name)
        size, sha256 = self._store.keep(self._job_id, plain, chunks)
        return ArtifactReady(
            id=new_id(),
            name=plain,
            media_type=media_type,
            bytes=size,
            sha256=sha256,
            url=f"/v1/jobs/{self._job_id}/artifacts/{quote(plain)}",
        )

    def recall(self, name: str, folder: Path) -> Path | None:
        target = folder / "kept" / plain_name(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFound), self._store.open_artifact(self._job_id, target.name) as source:
            with target.open("wb") as file:
                shutil.copyfileobj(source, file)
            return target
        return None

    def drop(self, name: str) -> None:
        self._store.drop_artifact(self._job_id, plain_name(name))


def _local(name: str) -> str:
    """*name* as the last part of a path; its ending stays, so that readers can tell the format by it."""
    try:
        return plain_name(name).encode()[-200:].decode(errors="ignore").lstrip("-.") or "upload"
    except InvalidEvent:
        return "upload"

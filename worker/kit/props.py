"""Uploads and artifacts of a job that is run in memory."""

import copy
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from jobs.errors import FileNotFound
from jobs.events import ArtifactReady
from jobs.names import plain_name
from worker.job_type import JobType


class Props:
    """The port of files over *uploads*, by their names."""

    def __init__(self, uploads: Mapping[str, bytes]) -> None:
        self._uploads = {f"{number:026}": upload for number, upload in enumerate(uploads.items(), 1)}
        self._ids = {name: file_id for file_id, (name, _) in self._uploads.items()}
        self._artifact_ids = (f"{number:026}" for number in itertools.count(len(uploads) + 1))
        #: The bytes of artifacts by their digest: what a run that was over has kept is in no event.
        self.blobs: dict[str, bytes] = {}
        #: The digest of what is kept by now under each name.
        self._kept: dict[str, str] = {}

    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        if file_id not in self._uploads:
            raise FileNotFound(file_id=file_id)
        name, data = self._uploads[file_id]
        target = folder / "uploads" / file_id / plain_name(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target, name

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ArtifactReady:
        plain, data = plain_name(name), b"".join(chunks)
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        self._kept[plain] = digest
        file_id = next(self._artifact_ids)
        return ArtifactReady(id=file_id, name=plain, media_type=media_type, bytes=len(data), sha256=digest, url=plain)

    def recall(self, name: str, folder: Path) -> Path | None:
        plain = plain_name(name)
        if plain not in self._kept:
            return None
        target = folder / "kept" / plain
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.blobs[self._kept[plain]])
        return target

    def drop(self, name: str) -> None:
        self._kept.pop(plain_name(name), None)

    def named_in(self, params: dict[str, Any], kind: JobType) -> dict[str, Any]:
        """*params* with an upload's id wherever its name stands in the place of one."""
        named = copy.deepcopy(params)
        try:
            kind.params.model_validate_json(msgspec.json.encode(params))
        except ValidationError as error:
            for fault in error.errors():
                self._put_id(named, fault["loc"])
        return named

    def _put_id(self, place: Any, location: tuple[int | str, ...]) -> None:
        for part in location:
            try:
                there = place[part]
            except LookupError:
                #: A location also names what of a union was tried; such a part leads nowhere.
                continue
            if isinstance(there, str):
                place[part] = self._ids.get(there, there)
                return
            place = there

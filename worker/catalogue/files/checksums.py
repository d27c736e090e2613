"""Checksums: SHA-256, and the CRC-32 that archives use."""

import hashlib
import zlib
from pathlib import Path
from typing import Any

from worker.catalogue.files.limits import CHUNK


def work(source: Path, _name: str, _target: Path, _operation: dict[str, Any]) -> dict[str, Any]:
    digest, crc, size = hashlib.sha256(), 0, 0
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest(), "crc32": f"{crc:08x}"}

"""The archive that a Word document is: what it would unfold to, before it is opened."""

import zipfile
from dataclasses import dataclass
from typing import IO

_DOCUMENT = "word/document.xml"


@dataclass(frozen=True, slots=True)
class Package:
    """What an archive says of itself."""

    #: Bytes that it unfolds to.
    size: int
    is_document: bool


def package(file: IO[bytes]) -> Package | None:
    """The archive *file*; None where it is damaged or none."""
    try:
        with zipfile.ZipFile(file) as packed:
            infos = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return None
    return Package(sum(info.file_size for info in infos), any(info.filename == _DOCUMENT for info in infos))

"""The parts of an Excel workbook, unfolded within bounds: its claims of their size are not believed."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from worker.catalogue.tables.limits import MAX_PART_BYTES, MAX_WORKBOOK_BYTES
from worker.catalogue.tables.source import not_a_table
from worker.outcomes import JobFailed

_CHUNK = 1 << 20
_HEADER = struct.Struct("<4s2B4HL2L2H")
_ENCRYPTED = 0x1
#: Parts that are never looked at.
_UNREAD = ("xl/worksheets/", "xl/media/", "xl/drawings/", "xl/charts/", "xl/embeddings/", "docprops/")
BOOK = "xl/workbook.xml"


def broken() -> JobFailed:
    """Say that the workbook cannot be read."""
    return JobFailed("broken_workbook", "The Excel workbook is damaged: open it, save it anew and upload that.")


class Archive:
    """A workbook's file, and what lies in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with ZipFile(path) as archive:
                found = archive.infolist()
        except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise not_a_table("The file is a damaged Excel workbook or another ZIP archive.") from error
        self._parts = {info.filename.lower(): info for info in found}
        if len(self._parts) != len(found):
            raise broken()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    @property
    def size(self) -> int:
        """Bytes of the upload."""
        return self._path.stat().st_size

    def content(self) -> bytes:
        """The whole file, for the library that reads it; refused where it is too large to be held."""
        if self.size > MAX_WORKBOOK_BYTES:
            raise too_large()
        return self._path.read_bytes()

    def check(self) -> None:
        """Unfold once whatever the library will unfold by itself, but for the sheets."""
        for name in self._parts:
            if name.endswith((".xml", ".rels")) and not name.startswith(_UNREAD):
                for _ in self.unfolded(name):
                    pass

    def text(self, name: str) -> bytes:
        """One small part."""
        return b"".join(self.unfolded(name))

    def unfolded(self, name: str) -> Iterator[bytes]:
        """One part piece by piece, as it really is; refused past the bound."""
        info = self._parts.get(name.lower())
        if info is None or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or info.flag_bits & _ENCRYPTED:
            raise broken()
        left = MAX_PART_BYTES
        for piece in self._inflated(info):
            left -= len(piece)
            if left < 0:
                raise too_large()
            yield piece

    def _inflated(self, info: ZipInfo) -> Iterator[bytes]:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS) if info.compress_type == ZIP_DEFLATED else None
        try:
            for packed in self._packed(info):
                if inflate is None:
                    yield packed
                    continue
                yield inflate.decompress(packed, _CHUNK)
                while inflate.unconsumed_tail:
                    yield inflate.decompress(inflate.unconsumed_tail, _CHUNK)
        except (zlib.error, struct.error) as error:
            raise broken() from error

    def _packed(self, info: ZipInfo) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            *_, name_length, extra_length = _HEADER.unpack(file.read(_HEADER.size))
            file.seek(name_length + extra_length, 1)
            left = info.compress_size
            while left > 0 and (packed := file.read(min(left, _CHUNK))):
                left -= len(packed)
                yield packed


def too_large() -> JobFailed:
    """Say that a workbook holds more than a report takes."""
    return JobFailed("too_large", "The Excel workbook is too large; save the sheet as CSV or Parquet and upload that.")

"""One upload, whatever its format: the tables in it as raw cells, with how each was read."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from worker.catalogue.loading import load
from worker.catalogue.tables.archive import BOOK, Archive
from worker.catalogue.tables.parquet import read_parquet
from worker.catalogue.tables.read import Reading, read_text
from worker.catalogue.tables.read_json import is_json, read_json
from worker.catalogue.tables.share import Counts
from worker.catalogue.tables.source import COMPOUND, PARQUET, ZIP
from worker.catalogue.tables.table import RawTable
from worker.catalogue.texts.encodings import detect
from worker.catalogue.texts.unpacking import unpacked
from worker.catalogue.wording.words import shown
from worker.context import Context
from worker.outcomes import JobFailed

_HEAD_BYTES = 4096
#: Where a compound file says how large its sectors are, and which one its directory begins with.
_SECTOR_SHIFT, _DIRECTORY = 30, 48
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table as it was uploaded."""

    #: The file's name, with the sheet's where several are read.
    name: str
    raw: RawTable
    reading: Reading


def read_upload(
    ctx: Context, step: Counts, file_id: str, folder: Path, *, sheet: str, alone: bool = True
) -> list[Source]:
    """Read one upload; `sheet` counts for a workbook alone. A failure names the file where it is one of several."""
    folder.mkdir(parents=True, exist_ok=True)
    with ctx.open_file(file_id) as raw:
        name = name_of(raw)
        try:
            return _read(ctx, step, raw, file_id, folder, sheet=sheet, name=name)
        except JobFailed as failed:
            if alone:
                raise
            raise JobFailed(failed.code, f"{name}: {failed.message}") from failed


def name_of(raw: IO[bytes]) -> str:
    """What an upload is called where it is spoken of."""
    return shown(Path(str(raw.name)).name) or "the file"


def _read(
    ctx: Context, step: Counts, raw: IO[bytes], file_id: str, folder: Path, *, sheet: str, name: str
) -> list[Source]:
    start = raw.read(len(COMPOUND))
    if start == COMPOUND:
        _check_encrypted(raw)
    if start.startswith(ZIP) and BOOK in Archive(ctx.file_path(file_id)):
        return _of_workbook(ctx, step, ctx.file_path(file_id), folder, sheet=sheet, name=name)
    if start.startswith(PARQUET):
        found = read_parquet(step, ctx.file_path(file_id))
    else:
        found = read_json(ctx, step, raw, folder) if _begins_as_json(raw) else read_text(ctx, step, raw, folder)
    return [Source(name=name, raw=found[0], reading=found[1])]


def _of_workbook(ctx: Context, step: Counts, path: Path, folder: Path, *, sheet: str, name: str) -> list[Source]:
    load(ctx, "worker.catalogue.tables.workbook")
    from worker.catalogue.tables.workbook import read_workbook  # noqa: PLC0415 - its library only where there is one

    found = read_workbook(ctx, step, path, folder, sheet)
    several = len(found) > 1
    return [Source(name=f"{name} · {shown(own)}" if several else name, raw=raw, reading=how) for own, raw, how in found]


def _begins_as_json(raw: IO[bytes]) -> bool:
    start = unpacked(raw).read(_HEAD_BYTES)
    return is_json(start.decode(detect(start, b""), errors="replace"))


def _check_encrypted(raw: IO[bytes]) -> None:
    """Say of a workbook with a password that this is why it cannot be read."""
    raw.seek(_SECTOR_SHIFT)
    size = 1 << min(int.from_bytes(raw.read(2), "little"), 16)
    raw.seek(_DIRECTORY)
    raw.seek((int.from_bytes(raw.read(4), "little") + 1) * size)
    if _ENCRYPTED in raw.read(size * 8):
        text = "The workbook is protected by a password: save it without one and upload that."
        raise JobFailed("protected_workbook", text)

"""The files of a zip, each unpacked when its turn comes."""

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.catalogue.files import encodings, limits
from worker.catalogue.files.listing import Entry, Listing
from worker.catalogue.files.refused import Refused
from worker.catalogue.files.streams import DAMAGE, Careful, Look, copy, is_the_disks
from worker.outcomes import JobFailed

#: The flags of an entry: it is encrypted; its name is UTF-8.
_ENCRYPTED, _UTF8 = 0x1, 0x800
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
#: What the library takes names for that are not said to be UTF-8.
_OLD = "cp437"
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, *DAMAGE)


class ZipBatch:
    """JobFailed where the archive as a whole cannot be trusted; what is wrong with one entry is that entry's."""

    def __init__(self, path: Path, look: Look) -> None:
        self._path, self._look = path, look
        #: The place in the archive's directory of each file, by its number.
        self._places: list[int] = []
        with self._reading() as archive:
            self.entries = self._listed(archive.infolist())

    def copies(self, wanted: Iterable[Entry], folder: Path) -> Iterator[tuple[Entry, Path | Refused]]:
        with self._reading() as archive:
            infos = archive.infolist()
            for entry in wanted:
                yield entry, self._copy(archive, infos[self._places[entry.number]], folder / str(entry.number))

    @contextmanager
    def _reading(self) -> Iterator[zipfile.ZipFile]:
        with self._path.open("rb") as file:
            careful = Careful(file, self._look, most=limits.MAX_DIRECTORY_BYTES)
            try:
                archive = zipfile.ZipFile(careful)
            except _BROKEN as error:
                if is_the_disks(error):
                    raise
                raise JobFailed("broken_archive", "The archive is damaged: its directory cannot be read.") from None
            with archive:
                yield archive

    def _copy(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> Path | Refused:
        try:
            with archive.open(info) as source:
                copy(source, target, self._look, most=info.file_size)
        except Refused as refusal:
            return refusal
        except _BROKEN as error:
            if is_the_disks(error):
                raise
            return Refused("broken_entry", "The archive is damaged where this file stands.")
        return target

    def _listed(self, infos: list[zipfile.ZipInfo]) -> list[Entry]:
        if len(infos) > limits.MAX_MEMBERS:
            raise JobFailed("too_many_files", f"There are more than {limits.MAX_FILES:,} files in the archive.")
        #: Entries that share their bytes: each is small, and together they are a bomb.
        if sum(info.compress_size for info in infos) > self._path.stat().st_size:
            raise JobFailed("archive_bomb", "Files in the archive overlap, or claim to be larger than the archive is.")
        listing, codec = Listing(), _codec(infos)
        for place, info in enumerate(infos):
            if not info.is_dir():
                listing.add(_name(info, codec), info.file_size, _refusal(info))
                self._places.append(place)
        return listing.entries


def _refusal(info: zipfile.ZipInfo) -> Refused | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if stat.S_ISLNK(kind):
        return Refused("link", "A link is not followed: it could lead anywhere.")
    if kind not in (0, stat.S_IFREG):
        return Refused("no_file", "A device, a pipe or a socket, and no file.")
    if info.flag_bits & _ENCRYPTED:
        return Refused("encrypted", "The file is encrypted.")
    if info.compress_type not in _PACKINGS:
        return Refused("unknown_packing", "The file is packed in a way that cannot be unpacked here.")
    if info.file_size > limits.RATIO_FROM_BYTES and info.file_size > limits.MAX_RATIO * info.compress_size:
        return Refused("bomb", f"The file would unfold to more than {limits.MAX_RATIO} times its size.")
    return None


def _codec(infos: list[zipfile.ZipInfo]) -> str:
    return encodings.of_names((_raw(info) for info in infos if not info.flag_bits & _UTF8), _OLD)


def _raw(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode(_OLD, "replace")


def _name(info: zipfile.ZipInfo, codec: str) -> str:
    """Programs on Windows write names as their country has it, those on other systems UTF-8 without saying so."""
    return info.orig_filename if info.flag_bits & _UTF8 else _raw(info).decode(codec, "replace")

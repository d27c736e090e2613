"""The files of a tar, packed or not, each unpacked as the stream comes by."""

import lzma
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from worker.catalogue.files import encodings, limits
from worker.catalogue.files.listing import Entry, Listing
from worker.catalogue.files.refused import Refused
from worker.catalogue.files.streams import DAMAGE, Look, Unpacked, copy, is_the_disks
from worker.outcomes import JobFailed

_BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, *DAMAGE)


class TarBatch:
    """JobFailed where the archive as a whole cannot be trusted; what is wrong with one entry is that entry's.

    The stream is read twice, to list it and to unpack it: so a bomb is known before any work is done.
    """

    def __init__(self, path: Path, packing: str, look: Look) -> None:
        self._path, self._packing, self._look = path, packing, look
        #: The place in the archive of each file, by its number.
        self._places: list[int] = []
        self.entries = self._listed()

    def copies(self, wanted: Iterable[Entry], folder: Path) -> Iterator[tuple[Entry, Path | Refused]]:
        left = {self._places[entry.number]: entry for entry in wanted}
        with self._reading() as tar:
            for place, member in enumerate(tar):
                entry = left.pop(place, None)
                if entry is not None:
                    yield entry, self._copy(tar, member, folder / str(entry.number))
                if not left:
                    return

    def _copy(self, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> Path | Refused:
        source = tar.extractfile(member)
        if source is None:
            return Refused("no_file", "A device, a pipe or a socket, and no file.")
        try:
            copy(source, target, self._look, most=member.size)
        except Refused as refusal:
            return refusal
        return target

    def _listed(self) -> list[Entry]:
        listing, names = Listing(), []
        with self._reading() as tar:
            for place, member in enumerate(tar):
                if place >= limits.MAX_MEMBERS:
                    raise JobFailed("too_many_files", f"There are more than {limits.MAX_FILES:,} files in the archive.")
                if not member.isdir():
                    names.append(member)
                    self._places.append(place)
        codec = _codec(names)
        for member in names:
            listing.add(_name(member, codec), member.size, _refusal(member))
        return listing.entries

    @contextmanager
    def _reading(self) -> Iterator[tarfile.TarFile]:
        with closing(Unpacked(self._path, self._packing, self._look)) as stream:
            try:
                with tarfile.open(fileobj=stream, mode="r:") as tar:  # type: ignore[call-overload] # all that it uses
                    yield tar
            except _BROKEN as error:
                if is_the_disks(error):
                    raise
                raise JobFailed("broken_archive", "The archive is damaged, ends too early or is none.") from None


def _refusal(member: tarfile.TarInfo) -> Refused | None:
    if member.issym() or member.islnk():
        return Refused("link", "A link is not followed: it could lead anywhere.")
    if member.issparse() or not member.isreg() or member.size < 0:
        return Refused("no_file", "A device, a pipe, a file with holes or the like, and no plain file.")
    return None


def _codec(members: list[tarfile.TarInfo]) -> str:
    return encodings.of_names(map(_raw, members), "utf-8")


def _raw(member: tarfile.TarInfo) -> bytes:
    return member.name.encode("utf-8", "surrogateescape")


def _name(member: tarfile.TarInfo, codec: str) -> str:
    return _raw(member).decode(codec, "replace")

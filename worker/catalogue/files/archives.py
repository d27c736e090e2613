"""An uploaded archive: what it is by its first bytes, whatever it is called."""

from pathlib import Path

from worker.catalogue.files.listing import Batch
from worker.catalogue.files.streams import Look
from worker.catalogue.files.tars import TarBatch
from worker.catalogue.files.zips import ZipBatch
from worker.outcomes import JobFailed

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PACKINGS = ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"))
_OTHERS = ((b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!", "RAR"), (b"\x28\xb5\x2f\xfd", "Zstandard"))
#: Where a tar says that it is one.
_TAR_MARK = slice(257, 262)


def archive(path: Path, look: Look) -> Batch:
    """The batch in the archive at *path*; JobFailed where it is none, or none that is known here."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(_ZIP):
        return ZipBatch(path, look)
    packing = next((name for mark, name in _PACKINGS if start.startswith(mark)), None)
    if packing is not None or start[_TAR_MARK] == b"ustar":
        return TarBatch(path, packing or "", look)
    other = next((f" It is {name}." for mark, name in _OTHERS if start.startswith(mark)), "")
    raise JobFailed("unknown_archive", f"The archive is no zip, tar, tar.gz, tar.bz2 or tar.xz.{other}")

"""A folder of the worker's machine, below a root that its operator has named."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from worker.catalogue.files.listing import Entry, Listing
from worker.catalogue.files.refused import Refused
from worker.catalogue.files.remembered import remembered
from worker.catalogue.files.streams import copy
from worker.context import Context
from worker.outcomes import JobFailed

#: Folders below which jobs may read, comma-separated; none unless set.
ROOTS = "TAILRACE_FILES_ROOTS"
#: What a link leads to is not opened, a pipe is not waited for.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def roots(env: Mapping[str, str] = os.environ) -> list[Path]:
    """As they are really called: a root may be a link itself."""
    named = (name.strip() for name in env.get(ROOTS, "").split(","))
    return [Path(os.path.realpath(name)) for name in named if Path(name).is_absolute()]


def permitted(source: str) -> Path:
    """The folder that *source* (a path or a ``file://`` URL) names; JobFailed unless it lies below a root.

    What is said of a folder outside is the same whether there is one or not.
    """
    given = unquote(urlsplit(source).path) if source.startswith("file://") else source
    if not given.isprintable() or not Path(given).is_absolute() or not _below(os.path.realpath(given)):
        text = "The folder does not lie below one that jobs may read; the worker's"
        raise JobFailed("forbidden_folder", f"{text} {ROOTS} names those.")
    found = Path(os.path.realpath(given))
    if not found.is_dir():
        raise JobFailed("no_such_folder", "There is no such folder.")
    return found


class Folder:
    """Links in it are not followed, wherever they lead."""

    def __init__(self, ctx: Context, source: str) -> None:
        self._root, self._ctx = permitted(source), ctx
        self.entries, self._places = remembered(ctx, self._find)

    def copies(self, wanted: Iterable[Entry], folder: Path) -> Iterator[tuple[Entry, Path | Refused]]:
        for entry in wanted:
            yield entry, self._copy(self._places[entry.number], folder / str(entry.number))

    def _find(self, listing: Listing) -> list[str]:
        places = sorted(self._walk())
        for place in places:
            self._ctx.raise_if_cancelled()
            listing.add(place, *self._look_at(place))
        #: A name that is not UTF-8 is refused, so its place is never needed.
        return [place if place.isprintable() else "" for place in places]

    def _walk(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root):
            self._ctx.raise_if_cancelled()
            links = [name for name in folders if Path(folder, name).is_symlink()]
            for name in [*files, *links]:
                yield str(Path(folder, name).relative_to(self._root))

    def _look_at(self, place: str) -> tuple[int, Refused | None]:
        try:
            found = os.lstat(self._root / place)
        except OSError:
            return 0, _GONE
        if stat.S_ISLNK(found.st_mode):
            return 0, Refused("link", "A link is not followed: it could lead anywhere.")
        if not stat.S_ISREG(found.st_mode):
            return 0, Refused("no_file", "A device, a pipe or a socket, and no file.")
        return found.st_size, None

    def _copy(self, place: str, target: Path) -> Path | Refused:
        try:
            opened = os.open(self._root / place, _FLAGS)
        except OSError:
            return _GONE
        with open(opened, "rb") as source:  # noqa: PTH123 - a descriptor has no path
            if not stat.S_ISREG(os.fstat(opened).st_mode) or not _is_within(opened, self._root):
                return Refused("link", "The file was replaced by something else while the job ran.")
            try:
                copy(source, target, self._ctx.raise_if_cancelled)
            except Refused as refusal:
                return refusal
        return target


_GONE = Refused("unreadable", "The file is gone, or the worker may not read it.")


def _below(real: str) -> bool:
    return any(Path(real).is_relative_to(root) for root in roots())


def _is_within(opened: int, root: Path) -> bool:
    """Whether what was opened lies below *root*, whatever the folders on the way there have become meanwhile."""
    real = Path(f"/proc/self/fd/{opened}")
    return not real.is_symlink() or Path(os.path.realpath(real)).is_relative_to(root)

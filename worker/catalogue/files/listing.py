"""What a batch holds: every file once, under a safe name, within the bounds of a batch."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from worker.catalogue.files import limits, naming
from worker.catalogue.files.refused import Refused
from worker.outcomes import JobFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a batch."""

    #: Its place in the batch, from 0 on.
    number: int
    #: Its path inside the batch; what is shown of it where it has none that is safe.
    path: str
    size: int
    #: Why nothing is done with it.
    refusal: Refused | None = None


class Batch(Protocol):
    """Where the files of a job come from."""

    @property
    def entries(self) -> list[Entry]: ...

    def copies(self, wanted: Iterable[Entry], folder: Path) -> Iterator[tuple[Entry, Path | Refused]]:
        """A copy in *folder* of each of *wanted*, in their order; made when it is asked for, the asker's to remove."""
        ...


class Listing:
    """Entries as they are found; JobFailed where they become more than a batch may be."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.bytes = 0
        self._taken: set[str] = set()

    def add(self, name: str, size: int, refusal: Refused | None = None) -> Entry:
        """The next entry; one with a bad name, or a name that is there already, is refused for it."""
        if len(self.entries) >= limits.MAX_FILES:
            raise JobFailed("too_many_files", f"There are more than {limits.MAX_FILES:,} files.")
        try:
            path = naming.clean(name)
            self._admit(path, size)
        except Refused as found:
            path, refusal = naming.shown(name), refusal or found
        entry = Entry(number=len(self.entries), path=path, size=size, refusal=refusal)
        self.entries.append(entry)
        self._count(entry)
        return entry

    def add_renamed(self, name: str, size: int) -> Entry:
        """As add, but of two with one name the second gets another."""
        with suppress(Refused):
            name = naming.unique(naming.clean(name), set(self._taken))
        return self.add(name, size)

    def _admit(self, path: str, size: int) -> None:
        if naming.is_litter(path):
            raise Refused("litter", "A file that a system has left there for itself.", skipped=True)
        if path in self._taken:
            raise Refused("duplicate_name", "The batch has another file of the same name.")
        self._taken.add(path)
        if size > limits.MAX_FILE_BYTES:
            raise Refused("too_large", f"The file is larger than {limits.MAX_FILE_BYTES >> 30} GiB.")

    def _count(self, entry: Entry) -> None:
        if entry.refusal is None:
            self.bytes += max(0, entry.size)
        if self.bytes > limits.MAX_BATCH_BYTES:
            raise JobFailed("too_large", f"The files are more than {limits.MAX_BATCH_BYTES >> 30} GiB together.")

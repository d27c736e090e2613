"""Files that were uploaded one by one."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from worker.catalogue.files.listing import Entry, Listing
from worker.catalogue.files.refused import Refused
from worker.context import Context
from worker.steps import Step


class Uploads:
    """Copied when they are listed: their names are known to nobody before."""

    def __init__(self, ctx: Context, step: Step, file_ids: list[str]) -> None:
        listing = Listing()
        self._paths: list[Path] = []
        for file_id in step.track(file_ids, unit="files"):
            with ctx.open_file(file_id) as file:
                name = str(file.name)
            path = ctx.file_path(file_id)
            listing.add_renamed(name, path.stat().st_size)
            self._paths.append(path)
        self.entries = listing.entries

    def copies(self, wanted: Iterable[Entry], folder: Path) -> Iterator[tuple[Entry, Path | Refused]]:
        for entry in wanted:
            yield entry, self._paths[entry.number].rename(folder / str(entry.number))

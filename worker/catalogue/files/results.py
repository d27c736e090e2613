"""What came of each file, kept as it comes: a file that has been told of is never worked on again.

Results are kept in parts, a zip of some files each. The part is stored first, then the record of what is in it, then
its items are told. A run that dies in between has worked for nothing, but nobody has been told.
"""

import secrets
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from worker.catalogue.files import limits, naming
from worker.catalogue.files.listing import Entry
from worker.catalogue.files.streams import copy
from worker.context import Context
from worker.outcomes import JobFailed

#: What came of a file: its number and state, the fields of its item, or the code and text of its fault.
Record = dict[str, Any]

#: From here on the service is short of time, and items are told without what the manifest says anyway.
_SHORT = 2


class Results:
    """Of all runs of one job; *folder* has the result of each file, by its number."""

    def __init__(self, ctx: Context, entries: list[Entry], folder: Path) -> None:
        self._ctx, self._entries = ctx, entries
        self.folder = folder
        self.records: dict[int, Record] = {}
        self.bytes = 0
        #: The numbers of the files whose results lie in each part, and how many records were saved.
        self._parts: dict[str, list[int]] = {}
        self._saves = self._recalled = 0
        self._fresh: list[Record] = []
        self._fresh_bytes, self._due = 0, 0.0

    def recall(self) -> int:
        """Takes over what earlier runs have kept, and tells it anew; how many files that are."""
        while (part := self._ctx.saved(f"part {self._saves}")) is not None:
            self._take(part)
        for number in sorted(self.records):
            self._tell(self.records[number])
        self._recalled = len(self.records)
        return self._recalled

    def add(self, record: Record) -> None:
        """JobFailed where the results become more than a batch's may be."""
        size = self._size(record)
        if size is not None:
            record["result_bytes"] = size
        if not self._fresh:
            self._due = time.monotonic() + limits.PART_SECONDS
        self._fresh.append(record)
        self._fresh_bytes += size or 0
        full = len(self._fresh) >= limits.PART_FILES or self._fresh_bytes >= limits.PART_BYTES
        self.keep(now=full)

    def keep(self, *, now: bool = False) -> None:
        """Keeps what has come and tells of it, if that is due or wanted *now*."""
        if not self._fresh or not (now or time.monotonic() >= self._due):
            return
        fresh, self._fresh, self._fresh_bytes = sorted(self._fresh, key=lambda one: int(one["number"])), [], 0
        part = {"file": self._keep_part(_with_result(fresh)), "records": fresh}
        self._ctx.save(f"part {self._saves}", part)
        self._take(part)
        for record in fresh:
            self._tell(record)

    def path(self, number: int) -> Path:
        return self.folder / str(number)

    def bring(self) -> None:
        """Brings what earlier runs have made into the folder."""
        for part, numbers in self._parts.items():
            missing = [number for number in numbers if not self.path(number).exists()]
            if missing:
                self._unpack(part, missing)

    def summary(self) -> str:
        """How many files ended how, and how many of them in an earlier run."""
        counts = Counter(record["state"] for record in self.records.values())
        said = ", ".join(f"{counts[state]:,} {state}" for state in ("succeeded", "failed", "skipped") if counts[state])
        return f"{said}; {self._recalled:,} done by an earlier run" if self._recalled else said

    def drop(self) -> None:
        """The parts are not needed any more."""
        for part in self._parts:
            self._ctx.drop_file(part)

    def _keep_part(self, numbers: list[int]) -> str | None:
        if not numbers:
            return None
        #: By chance: a run that is over, and does not know it yet, must not write over what a later one has kept.
        name = f"part-{self._saves}-{secrets.token_hex(4)}.zip"
        made = self.folder / name
        with zipfile.ZipFile(made, "w") as part:
            for number in numbers:
                self._ctx.raise_if_cancelled()
                part.write(self.path(number), str(number))
        self._ctx.save_file(name, made)
        made.unlink()
        return name

    def _unpack(self, part: str, numbers: list[int]) -> None:
        kept = self._ctx.saved_file(part)
        if kept is None:
            raise JobFailed("results_lost", "Results that were kept are gone from the service's storage.")
        with zipfile.ZipFile(kept) as packed:
            for number in numbers:
                with packed.open(str(number)) as source:
                    copy(source, self.path(number), self._ctx.raise_if_cancelled)
        kept.unlink()

    def _take(self, part: dict[str, Any]) -> None:
        self._saves += 1
        if part["file"] is not None:
            self._parts[part["file"]] = _with_result(part["records"])
        for record in part["records"]:
            self.records[record["number"]] = record
            self.bytes += record.get("result_bytes", 0)
        if self.bytes > limits.MAX_RESULTS_BYTES:
            raise JobFailed("too_large", f"The results are more than {limits.MAX_RESULTS_BYTES >> 30} GiB together.")

    def _tell(self, record: Record) -> None:
        key = naming.shown(self._entries[record["number"]].path)
        fault = {"code": record["code"], "message": record["error"]} if "code" in record else None
        fields = {} if self._ctx.load >= _SHORT else record.get("fields", {})
        self._ctx.item(key, record["state"], error=fault, **fields)

    def _size(self, record: Record) -> int | None:
        path = self.path(record["number"])
        return path.stat().st_size if record["state"] == "succeeded" and path.exists() else None


def _with_result(records: list[Record]) -> list[int]:
    """The numbers of those from which a file has come."""
    return [record["number"] for record in records if "result_bytes" in record]

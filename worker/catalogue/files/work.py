"""From the files of a batch to what came of each: so many at a time, none that an earlier run has done."""

import time
from collections.abc import Iterator
from pathlib import Path

from worker.catalogue.files.crew import Crew, Task
from worker.catalogue.files.listing import Batch, Entry
from worker.catalogue.files.params import Params
from worker.catalogue.files.refused import Refused
from worker.catalogue.files.results import Record, Results
from worker.context import Context
from worker.steps import Step

#: Seconds waited for an answer before a cancel is looked for.
LOOK_SECONDS = 0.05
#: Files done in this run before a guess at what is left is worth telling.
_GUESS_FROM = 10


class Work:
    """One run's way through a batch."""

    def __init__(self, ctx: Context, step: Step, batch: Batch, results: Results, params: Params) -> None:
        self._ctx, self._step, self._batch, self._results = ctx, step, batch, results
        self._crew = Crew(params.parallel, params.operation.model_dump(), file_seconds=params.file_seconds)
        self._began, self._before, self._told = time.monotonic(), 0, -1

    def run(self) -> None:
        """JobFailed where the batch as a whole cannot go on; whatever else goes wrong is one file's."""
        self._ctx.cleanup(self._crew.end)
        self._before = self._results.recall()
        self._tell()
        try:
            for entry, found in self._found():
                self._take(entry, found)
                self._results.keep()
                self._tell()
            while self._crew.busy:
                self._wait()
            self._results.keep(now=True)
        finally:
            self._crew.end()
        self._tell()

    def _found(self) -> Iterator[tuple[Entry, Path | Refused]]:
        """Those that are refused already come first: they cost nothing."""
        left = [entry for entry in self._batch.entries if entry.number not in self._results.records]
        yield from ((entry, entry.refusal) for entry in left if entry.refusal is not None)
        folder = self._ctx.workdir / "copies"
        folder.mkdir(exist_ok=True)
        yield from self._batch.copies([entry for entry in left if entry.refusal is None], folder)

    def _take(self, entry: Entry, found: Path | Refused) -> None:
        if isinstance(found, Refused):
            self._results.add(_refused(entry, found))
            return
        while self._crew.full:
            self._wait()
        target = self._results.path(entry.number)
        self._crew.give(Task(number=entry.number, source=found, target=target, name=entry.path))

    def _wait(self) -> None:
        self._ctx.raise_if_cancelled()
        for answer in self._crew.answers(LOOK_SECONDS):
            self._results.add(answer)
        self._results.keep()
        self._tell()

    def _tell(self) -> None:
        done, total = len(self._results.records), len(self._batch.entries)
        if done == self._told:
            return
        self._told = done
        self._step.progress(done, total, unit="files", message=self._left(done, total))

    def _left(self, done: int, total: int) -> str:
        """By the files of this run: those that an earlier one has done took it no time."""
        fresh = done - self._before
        said = f"{done:,} of {total:,} files"
        if fresh < _GUESS_FROM or done == total:
            return said
        seconds = (time.monotonic() - self._began) / fresh * (total - done)
        return f"{said}, about {_span(seconds)} to go"


def _refused(entry: Entry, refusal: Refused) -> Record:
    return {"number": entry.number, "state": refusal.state, "code": refusal.code, "error": str(refusal)}


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - as people say it

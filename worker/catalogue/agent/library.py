"""The uploads of one run, read when they are first needed: a run that finds everything kept reads none of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import IO, TYPE_CHECKING

from worker.catalogue.agent.formats import is_table
from worker.catalogue.agent.inventory import Document, Inventory, Table, Unreadable
from worker.catalogue.agent.limits import MAX_PASSAGES
from worker.catalogue.agent.passages import Passage, passages
from worker.catalogue.loading import load
from worker.context import Context
from worker.outcomes import JobFailed

if TYPE_CHECKING:
    from worker.catalogue.agent.index import Index
    from worker.catalogue.agent.sandbox import Sandbox
    from worker.catalogue.agent.tables import Tables

#: Is told of each file that has been read.
Heard = Callable[[str], None]


class Library:
    """Documents and tables of the job's uploads."""

    def __init__(self, ctx: Context, uploads: Sequence[str], heard: Heard = lambda _name: None) -> None:
        self._ctx, self._uploads = ctx, uploads
        self.heard = heard
        self._passages: list[Passage] = []
        self._documents: list[Document] = []
        self._tables: list[Table] = []
        self._unreadable: list[Unreadable] = []
        self._read = False

    @property
    def inventory(self) -> Inventory:
        """What the uploads hold."""
        self._fill()
        return Inventory(documents=self._documents, tables=self._tables, unreadable=self._unreadable)

    @cached_property
    def index(self) -> "Index":
        """The documents, to be searched."""
        self._fill()
        load(self._ctx, "worker.catalogue.agent.index")
        from worker.catalogue.agent.index import Index  # noqa: PLC0415 - numpy and scipy, for documents alone

        return Index(self._passages)

    @property
    def database(self) -> "Sandbox":
        """The tables, to be asked."""
        self._fill()
        return self._shelf.sandbox

    @cached_property
    def _shelf(self) -> "Tables":
        load(self._ctx, "worker.catalogue.agent.tables")
        from worker.catalogue.agent.sandbox import Sandbox  # noqa: PLC0415 - the database, for tables alone
        from worker.catalogue.agent.tables import Tables  # noqa: PLC0415 - as above

        return Tables(Sandbox(self._ctx, self._ctx.workdir / "sql"), self._ctx.workdir / "tables")

    def _fill(self) -> None:
        if self._read:
            return
        for upload in self._uploads:
            self._ctx.raise_if_cancelled()
            self._take(upload)
        if self._tables:
            self._shelf.sandbox.lock()
        self._read = True

    def _take(self, upload: str) -> None:
        with self._ctx.open_file(upload) as file:
            name = str(file.name)
            try:
                if is_table(name):
                    self._tables += self._shelf.load(file, name, upload)
                else:
                    self._take_document(file, name)
            except JobFailed as failed:
                self._unreadable.append(Unreadable(file=name, why=failed.message))
        self.heard(name)

    def _take_document(self, file: IO[bytes], name: str) -> None:
        load(self._ctx, "worker.catalogue.agent.extract")
        from worker.catalogue.agent.extract import pieces  # noqa: PLC0415 - it guesses encodings by a large library

        left = MAX_PASSAGES - len(self._passages)
        found = list(islice(self._watched(passages(name, pieces(file, name))), left))
        if not found:
            raise JobFailed("unreadable", "No text was found in it.")
        self._passages += found
        self._documents.append(Document(file=name, passages=len(found)))

    def _watched(self, found: Iterable[Passage]) -> Iterator[Passage]:
        for passage in found:
            self._ctx.raise_if_cancelled()
            yield passage

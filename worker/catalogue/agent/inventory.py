"""What the uploads hold, told once and kept: documents, tables with their columns, and what could not be read."""

from pydantic import Field

from worker.catalogue.agent.records import Record


class Document(Record):
    """A file of text."""

    file: str
    passages: int


class Column(Record):
    """A column as questions can ask for it."""

    name: str
    #: number, date, text, or what the database calls anything else.
    kind: str
    type: str
    low: str = ""
    high: str = ""
    #: All its values, the commonest first, where it is text and they are few.
    values: list[str] = Field(default_factory=list)


class Table(Record):
    """A table as queries name it, and where it comes from."""

    name: str
    file: str
    #: The id of the upload.
    upload: str
    #: The sheet of a workbook.
    sheet: str = ""
    rows: int
    columns: list[Column]
    notes: list[str] = Field(default_factory=list)

    @property
    def told(self) -> str:
        """The file, with its sheet where it has several."""
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file


class Unreadable(Record):
    """A file that holds nothing for us, and why."""

    file: str
    why: str


class Inventory(Record):
    """All of it."""

    documents: list[Document] = Field(default_factory=list)
    tables: list[Table] = Field(default_factory=list)
    unreadable: list[Unreadable] = Field(default_factory=list)

    @property
    def passages(self) -> int:
        return sum(document.passages for document in self.documents)

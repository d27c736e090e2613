"""What a sender fills in: where the files come from, and what is done with each."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker.catalogue.files.limits import MAX_UPLOADS
from worker.job import FileId

_SIDE = "0 leaves it free. A picture is made smaller to fit, never larger."


class Checksum(BaseModel):
    """SHA-256 and CRC-32 of each file."""

    model_config = ConfigDict(extra="forbid", title="Checksums")

    kind: Literal["checksum"] = "checksum"


class Text(BaseModel):
    """The text of PDF, DOCX, HTML and plain text files, as UTF-8."""

    model_config = ConfigDict(extra="forbid", title="Extract text")

    kind: Literal["text"] = "text"


class Picture(BaseModel):
    """Pictures made smaller, or of another format, turned as their camera says and without what else it wrote."""

    model_config = ConfigDict(extra="forbid", title="Resize or convert pictures")

    kind: Literal["picture"] = "picture"
    width: int = Field(default=0, ge=0, le=10_000, description=f"Pixels at most. {_SIDE}", title="Width")
    height: int = Field(default=0, ge=0, le=10_000, description=f"Pixels at most. {_SIDE}", title="Height")
    format: Literal["same", "jpeg", "png", "webp"] = Field(
        default="same",
        description="Format of the results; the original's where that is one of the three, else PNG.",
        title="Format",
    )
    quality: int = Field(default=85, ge=1, le=100, description="Of JPEG and WebP.", title="Quality")


class Parquet(BaseModel):
    """CSV files as Parquet, with the type of each column found."""

    model_config = ConfigDict(extra="forbid", title="CSV to Parquet")

    kind: Literal["parquet"] = "parquet"
    delimiter: Literal["auto", ",", ";", "\t", "|"] = Field(
        default="auto", description="Between cells; found by itself unless given.", title="Delimiter"
    )
    header: bool = Field(default=True, description="Whether the first line names the columns.", title="Header")


Operation = Annotated[Checksum | Text | Picture | Parquet, Field(discriminator="kind")]


class Params(BaseModel):
    """A batch: exactly one of files, archive and source, and what to do with each file."""

    model_config = ConfigDict(extra="forbid")

    files: list[FileId] = Field(
        default_factory=list,
        max_length=MAX_UPLOADS,
        description="Uploads, one by one.",
        title="Files",
        json_schema_extra={"sample": ["nyc-airports-2013.csv", "alice.txt"]},
    )
    archive: FileId | None = Field(
        default=None, description="An uploaded zip, tar, tar.gz, tar.bz2 or tar.xz.", title="Archive"
    )
    source: str = Field(
        default="",
        max_length=2000,
        description="A URL, or a folder of the worker's machine that its operator allows. What ends in / is a folder.",
        title="Source",
    )
    #: No factory: what a schema does not tell as the default is an empty choice on the page.
    operation: Operation = Field(default=Checksum(), description="What is done with each file.", title="Operation")
    parallel: int = Field(default=2, ge=1, le=8, description="Files that are worked on at a time.", title="At a time")
    file_seconds: int = Field(
        default=60, ge=1, le=600, description="Seconds that one file may take; then it fails.", title="Seconds a file"
    )

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if sum(map(bool, (self.files, self.archive, self.source))) != 1:
            raise ValueError("give one of files, archive and source")
        if len(set(self.files)) < len(self.files):
            raise ValueError("the same upload is named twice in files")
        return self

"""What a report is asked for."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.catalogue.report.limits import MAX_FILES
from worker.job import FileId


class Params(BaseModel):
    """What a report is made of."""

    model_config = ConfigDict(extra="forbid")

    file: FileId = Field(
        description="A table: CSV, TSV or JSON (each plain or gzipped), an Excel workbook (.xlsx) or a Parquet file.",
        title="File",
        json_schema_extra={"sample": "nyc-airports-2013.csv"},
    )
    title: str = Field(default="", max_length=120, description="The file's name if empty.", title="Title of the report")
    date_column: str = Field(
        default="", max_length=200, description="Found by itself if empty.", title="Column of dates"
    )
    value_column: str = Field(default="", max_length=200, description="Chosen if empty.", title="Measure to lead with")
    max_anomalies: int = Field(
        default=30, ge=1, le=200, description="More are counted, not listed.", title="Largest number of anomalies"
    )
    files: list[FileId] = Field(
        default=[],
        max_length=MAX_FILES - 1,
        description="Further files: those with the same columns become one table, others get a part of their own.",
        title="More files",
    )
    sheet: str = Field(
        default="",
        max_length=100,
        description="Sheet of an Excel workbook; the first with a table if empty, every one if *.",
        title="Sheet",
    )
    value_columns: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default=[], max_length=30, description="These and no others; all if empty.", title="Measures to follow"
    )
    kind: Literal["auto", "table", "statement"] = Field(
        default="auto",
        description="A financial statement has items in its rows and periods in its columns; seen by itself if auto.",
        title="Kind of table",
    )
    language: Literal["en", "zh", "auto"] = Field(
        default="en", description="English, Chinese, or that of the file's headers.", title="Language of the report"
    )

"""Which uploads are tables: by how their names end; everything else is read as a document."""

from pathlib import Path

CSV = frozenset({".csv", ".tsv", ".tab"})
WORKBOOKS = frozenset({".xlsx"})
PARQUET = frozenset({".parquet"})
JSON_LINES = frozenset({".jsonl", ".ndjson"})
JSON = frozenset({".json"})
TABLES = CSV | WORKBOOKS | PARQUET | JSON_LINES | JSON


def ending(name: str) -> str:
    """`Sales.CSV.gz` → `.csv`."""
    return Path(name.lower().removesuffix(".gz")).suffix


def is_table(name: str) -> bool:
    return ending(name) in TABLES

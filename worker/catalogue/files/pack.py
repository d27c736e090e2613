"""The manifest and the zip of the results: the same bytes for the same files, however often the job began anew."""

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.catalogue.files import limits, naming
from worker.catalogue.files.listing import Entry
from worker.catalogue.files.results import Record, Results
from worker.context import Context

#: The oldest time that a zip can name: when a result was made must not change what is in it.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
_UNIX = 3
#: What is packed in itself already.
_PACKED = {"picture", "parquet"}
_ENDINGS = {"text": ".txt", "parquet": ".parquet"}
_SUMS = "SHA256SUMS"
_COLUMNS = ["path", "state", "code", "error", "bytes", "result", "result_bytes", "result_sha256"]
#: How many faults the result of the job names itself.
_NAMED = 20


class Pack:
    """Of a batch that is done."""

    def __init__(self, ctx: Context, entries: list[Entry], results: Results, kind: str) -> None:
        self._ctx, self._entries, self._results, self._kind = ctx, entries, results, kind
        self._names: set[str] = set()

    def run(self) -> dict[str, Any]:
        """Leaves the artifacts; the result of the job."""
        self._results.bring()
        packed = self._ctx.workdir / "results.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            rows = [self._row(archive, entry) for entry in self._entries]
            if self._kind == "checksum":
                self._write(archive, _SUMS, "".join(_sums(rows)).encode())
        counts = Counter(row["state"] for row in rows)
        self._ctx.artifact("results.zip", packed, media_type="application/zip")
        self._ctx.artifact("manifest.csv", _as_csv(rows), media_type="text/csv")
        self._ctx.artifact("manifest.json", json.dumps({"counts": counts, "files": rows}, ensure_ascii=False, indent=1))
        return {
            "files": len(rows),
            **{state: counts[state] for state in ("succeeded", "failed", "skipped")},
            "errors": dict(sorted(Counter(row["code"] for row in rows if row["state"] == "failed").items())),
            "first_failed": [_short(row) for row in rows if row["state"] == "failed"][:_NAMED],
            "result_bytes": self._results.bytes,
            "artifacts": ["results.zip", "manifest.csv", "manifest.json"],
        }

    def _row(self, archive: zipfile.ZipFile, entry: Entry) -> dict[str, Any]:
        record = self._results.records[entry.number]
        fields = {name: value for name, value in record.get("fields", {}).items() if name != "ending"}
        row: dict[str, Any] = {"path": entry.path, "state": record["state"], "bytes": entry.size}
        row |= {name: record[name] for name in ("code", "error") if name in record}
        if "result_bytes" in record:
            row |= self._packed(archive, entry, record)
        return {**row, **fields}

    def _packed(self, archive: zipfile.ZipFile, entry: Entry, record: Record) -> dict[str, Any]:
        ending = record["fields"].get("ending") or _ENDINGS[self._kind]
        name = naming.with_ending(entry.path, ending, self._names)
        digest = self._write(archive, name, self._results.path(entry.number))
        return {"result": name, "result_bytes": record["result_bytes"], "result_sha256": digest}

    def _write(self, archive: zipfile.ZipFile, name: str, data: bytes | Path) -> str:
        """Adds a file to the archive; its SHA-256."""
        info, digest = _info(name, packed=self._kind in _PACKED), hashlib.sha256()
        info.file_size = len(data) if isinstance(data, bytes) else data.stat().st_size
        source = io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")
        with source, archive.open(info, "w") as target:
            while chunk := source.read(limits.CHUNK):
                self._ctx.raise_if_cancelled()
                digest.update(chunk)
                target.write(chunk)
        return digest.hexdigest()


def _info(name: str, *, packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = _UNIX, _MODE << 16
    return info


def _sums(rows: list[dict[str, Any]]) -> Iterator[str]:
    """As ``sha256sum --check`` reads them."""
    return (f"{row['sha256']}  {row['path']}\n" for row in rows if row["state"] == "succeeded")


def _as_csv(rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys([*_COLUMNS, *(name for row in rows for name in row)]))
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(columns)
    for row in rows:
        table.writerow([naming.cell(str(row[name])) if name in row else "" for name in columns])
    return written.getvalue()


def _short(row: dict[str, Any]) -> dict[str, str]:
    return {"path": naming.shown(row["path"]), "code": row["code"], "error": row["error"]}

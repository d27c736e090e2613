"""What a job is asked for, held against its type: every fault, and the uploads that it names."""

from typing import Any

from jobs.catalogue import TypeEntry
from jobs.errors import FileNotFound
from jobs.files import FileStore
from jobs.validation import Fault, Verdict, judge

#: Uploads that one job may name; each is in the job's head, which is small.
MAX_FILES = 50

#: JSON Schema of the labels.
LABELS: dict[str, Any] = {
    "type": "object",
    "maxProperties": 8,
    #: Said by what must not be in it: ``$`` of a pattern would let a newline pass in Python.
    "propertyNames": {"minLength": 1, "maxLength": 40, "not": {"pattern": "[^A-Za-z0-9._-]"}},
    "additionalProperties": {"type": "string", "maxLength": 64},
    "description": "Up to 8 pairs of your own to find jobs by.",
}


def check(entry: TypeEntry, params: dict[str, Any], store: FileStore) -> Verdict:
    """The faults of *params*, and the uploads in *store* that they name."""
    verdict = judge(entry.params_schema, params, at="/params")
    if verdict.faults:
        return verdict
    if len(verdict.files) > MAX_FILES:
        return Verdict([Fault("/params", f"name more than {MAX_FILES} uploads")], [])
    missing = [file_id for file_id in verdict.files if not _is_kept(store, file_id)]
    faults = judge(entry.params_schema, params, at="/params", missing=missing).faults if missing else []
    return Verdict(faults, [file_id for file_id in verdict.files if file_id not in missing])


def _is_kept(store: FileStore, file_id: str) -> bool:
    try:
        store.find(file_id)
    except FileNotFound:
        return False
    return True

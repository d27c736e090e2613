"""What a run keeps for those after it, in the real store."""

from pathlib import Path
from typing import Any

from jobs.clock import now_ms
from jobs.files import FileStore, new_id
from worker.files import JobFiles


def test_what_a_run_has_kept_is_had_by_later_ones_until_it_is_dropped(tmp_path: Path) -> None:
    client: Any = None
    store, job_id = FileStore(str(tmp_path / "store"), client, now_ms), new_id()
    first, later = JobFiles(store, job_id), JobFiles(store, job_id)
    assert later.recall("part", tmp_path) is None
    first.keep("part", iter([b"da", b"ta"]), "application/octet-stream")
    found = later.recall("part", tmp_path)
    assert found is not None
    assert found.read_bytes() == b"data"
    assert JobFiles(store, new_id()).recall("part", tmp_path / "other") is None
    later.drop("part")
    later.drop("part")
    assert first.recall("part", tmp_path / "again") is None

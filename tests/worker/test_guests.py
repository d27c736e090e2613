"""Jobs of a project's own tasks: their ids, and what they are told to have been asked for."""

import uuid
from typing import Any

from jobs.clock import now_ms
from jobs.doorbell import FOREIGN, CeleryDoorbell
from jobs.files import is_id, new_id
from worker.guests import job_id_of, request_of


class Unused:
    """Stands where an app would be, and may not be asked for anything."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def test_every_task_id_has_one_job_id_and_every_try_another() -> None:
    own, other = new_id(), str(uuid.uuid4())
    ids = [job_id_of(task, retries) for task in (own, other, "import-42", "") for retries in (0, 1, 2)]
    assert ids[0] == own
    assert all(map(is_id, ids))
    assert len(set(ids)) == len(ids)
    assert ids == [job_id_of(task, retries) for task in (own, other, "import-42", "") for retries in (0, 1, 2)]


def test_arguments_that_are_no_json_are_told_as_text_and_huge_ones_not_at_all() -> None:
    told = request_of("t", "shop", (1, {2}, object), {"a": now_ms}).params
    assert told["args"][:2] == [1, [2]]
    assert isinstance(told["kwargs"]["a"], str)
    assert request_of("t", "shop", ["x" * 100_000], {}).params == {"truncated": True}


def test_nobody_rings_for_such_a_job() -> None:
    queue = request_of("t", "shop", [], {}).queue
    bell = CeleryDoorbell(Unused())  # type: ignore[arg-type]
    assert queue.startswith(FOREIGN)
    assert bell.ring(queue)
    assert bell.rung(queue) is None

"""What jobs that have ended may not leave behind: processes that carry their mark, and workdirs."""

import contextlib
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec
import psutil

#: As ``worker/processes.py`` and ``worker/forsaken.py`` have them: the command line loads neither tier.
RUN_MARK, WORKER_FOLDERS = "TAILRACE_RUN", "tailrace-worker-*"
#: More than a warden takes to see to a run that has lost its job.
PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.2


def left_behind(job_ids: Collection[str], temporary: Path) -> list[str]:
    """What is left of *job_ids* a while after all have ended; *temporary* has the folders of all workers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while found := [*_processes(job_ids), *_workdirs(temporary)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_SECONDS)
    return found


def _processes(job_ids: Collection[str]) -> Iterator[str]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            run = process.environ().get(RUN_MARK, "")
            if run.rpartition("-")[0] in job_ids and process.status() != psutil.STATUS_ZOMBIE:
                yield f"process {process.pid} of run {run} still lives: {' '.join(process.cmdline())}"


def _workdirs(temporary: Path) -> Iterator[str]:
    """Those of a worker that was killed together with its warden are the next worker's to clear, after two minutes."""
    for folder in temporary.glob(WORKER_FOLDERS):
        found = sorted(path.name for part in ("work", "runs") for path in folder.glob(f"{part}/*"))
        if found and (_worker_lives(folder) or _warden_lives(folder)):
            yield f"{folder} still has {', '.join(found)}"


def _worker_lives(folder: Path) -> bool:
    with contextlib.suppress(OSError, psutil.Error):
        crew = msgspec.json.decode((folder / "worker.json").read_bytes())
        return bool(abs(psutil.Process(crew["pid"]).create_time() - crew["born"]) < 1)
    return False


def _warden_lives(folder: Path) -> bool:
    return any(_has_word(process, str(folder)) for process in psutil.process_iter())


def _has_word(process: psutil.Process, word: str) -> bool:
    with contextlib.suppress(psutil.Error):
        return word in process.cmdline()
    return False

"""A process that works on files, one after the other: a task a line comes in, an answer a line goes out.

A file can crash, hang or flood the library that reads it. It then costs this process, which begins with no secret in
its environment and within limits of memory and disk, and the one file.
"""

import json
import os
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from worker.catalogue.files import limits
from worker.catalogue.files.refused import Refused

#: Where each kind of operation is done: ``work(source, name, target, operation)`` gives what is told of the file.
WORKSHOPS = {
    "checksum": "worker.catalogue.files.checksums",
    "text": "worker.catalogue.files.texts",
    "picture": "worker.catalogue.files.pictures",
    "parquet": "worker.catalogue.files.tables",
}
#: Whoever means these means the worker, which says itself when its jobs have to end.
_NOT_OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)

Task = dict[str, Any]
Work = Callable[[Path, str, Path, dict[str, Any]], dict[str, Any]]


def answer(task: Task) -> dict[str, Any]:
    """What came of *task*: its number, its state, and the fields of its item or the code and text of its fault."""
    try:
        work: Work = import_module(WORKSHOPS[task["operation"]["kind"]]).work
        fields = work(Path(task["source"]), task["name"], Path(task["target"]), task["operation"])
    except Refused as refused:
        found = {"state": refused.state, "code": refused.code, "error": str(refused)}
    except MemoryError:
        found = {"state": "failed", "code": "out_of_memory", "error": "The file takes more memory than it may."}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this file's
        traceback.print_exc()
        found = {"state": "failed", "code": "error", "error": f"The file could not be read: {type(error).__name__}."}
    else:
        return {"number": task["number"], "state": "succeeded", "fields": fields}
    Path(task["target"]).unlink(missing_ok=True)
    return {"number": task["number"], **found}


def bounded() -> None:
    """The process may hold so much memory, write files so large and leave no image of itself behind."""
    for what, most in (
        (resource.RLIMIT_DATA, limits.HAND_BYTES),
        (resource.RLIMIT_FSIZE, limits.MAX_RESULT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def tasks(source: IO[bytes]) -> "SimpleQueue[Task]":
    """Tasks as they come; where no more can come the process ends at once, in the midst of one too."""
    queue: SimpleQueue[Task] = SimpleQueue()

    def read() -> None:
        for line in source:
            queue.put(json.loads(line))
        os._exit(0)

    Thread(target=read, daemon=True).start()
    return queue


def main() -> None:
    for number in _NOT_OURS:
        signal.signal(number, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    bounded()
    #: What a library prints must not be taken for an answer.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    coming = tasks(sys.stdin.buffer)
    while True:
        out.write(json.dumps(answer(coming.get())) + "\n")
        out.flush()

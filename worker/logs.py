"""One calm line per thing that happened, on standard error."""

import logging
import sys
import time
from functools import lru_cache

#: Loggers that say what our own lines already say, and from which level on they are heard.
_HEARD_FROM = {
    "celery.worker.strategy": logging.WARNING,
    "celery.app.trace": logging.WARNING,
    #: A traceback of Celery's own for each killed child; the warden tells of it in one line.
    "celery.worker.request": logging.CRITICAL,
    "kombu": logging.WARNING,
    "fsspec": logging.WARNING,
}


class _Lines(logging.Formatter):
    """Each job has two lines: the second that they fall into is written out once, for all of them."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - its name
        return f"{_to_the_second(int(record.created))},{int(record.msecs):03d}"


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def set_up(level: str | int) -> None:
    """The process's logging, and nobody else's: takes the place of what was set up before."""
    line = logging.StreamHandler(sys.stderr)
    line.setFormatter(_Lines("%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [line]
    root.setLevel(level)
    for name, heard_from in _HEARD_FROM.items():
        logging.getLogger(name).setLevel(heard_from)

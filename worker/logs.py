"""One calm line per thing that happened, on standard error."""

import logging
import sys

#: Loggers that say what our own lines already say, and from which level on they are heard.
_HEARD_FROM = {
    "celery.worker.strategy": logging.WARNING,
    "celery.app.trace": logging.WARNING,
    #: A traceback of Celery's own for each killed child; the warden tells of it in one line.
    "celery.worker.request": logging.CRITICAL,
    "kombu": logging.WARNING,
    "fsspec": logging.WARNING,
}


def set_up(level: str | int) -> None:
    """The process's logging, and nobody else's: takes the place of what was set up before."""
    line = logging.StreamHandler(sys.stderr)
    line.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [line]
    root.setLevel(level)
    for name, heard_from in _HEARD_FROM.items():
        logging.getLogger(name).setLevel(heard_from)

"""Ten lines between Celery and the runner."""

import logging
from collections.abc import Callable

from celery import Celery

from jobs.doorbell import TASK
from jobs.errors import TailraceError

log = logging.getLogger(__name__)


def register(app: Celery, answer: Callable[[str], None]) -> None:
    """The one task: nothing that it meets may reach Celery, which would end its main process at a MemoryError."""

    @app.task(name=TASK, ignore_result=True)  # type: ignore[untyped-decorator] # Celery has no types
    def answered(queue: str) -> None:
        try:
            answer(queue)
        except TailraceError as error:
            log.warning("a doorbell of queue %s comes to nothing: %s", queue, error)
        except BaseException:
            log.exception("a doorbell of queue %s comes to nothing", queue)

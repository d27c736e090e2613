"""GET /livez, /readyz, /metrics: whether the process is well, whether to send it callers, and its figures."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from flask import Response

from app.answers import answer
from app.known import Known
from app.metrics import MEDIA_TYPE, Metrics
from app.problems import Problem
from jobs.catalogue import Catalogue
from jobs.errors import LogUnavailable
from jobs.index import Index


def live() -> Response:
    """The process answers. Nothing else is looked at: a restart would mend neither Redis nor a missing worker."""
    return answer({"live": True})


class Ready:
    def __init__(self, catalogue: Catalogue, draining: Callable[[], bool]) -> None:
        self._catalogue, self._draining = catalogue, draining

    def __call__(self) -> Response:
        reasons = list(self._reasons())
        if reasons:
            raise Problem("not_ready", f"Not ready: {'; '.join(reasons)}.", members={"reasons": reasons})
        return answer({"ready": True})

    def _reasons(self) -> Iterator[str]:
        if self._draining():
            yield "the process is draining"
        try:
            if not self._catalogue.types():
                yield "no worker has published a job type yet"
        except LogUnavailable:
            yield "Redis does not answer"


class Figures:
    """Without Redis the process's own figures are still given, and ``tailrace_redis_up`` is 0."""

    def __init__(self, metrics: Metrics, index: Index, known: Known) -> None:
        self._metrics, self._index, self._known = metrics, index, known

    def __call__(self) -> Response:
        self._metrics.redis_up.set(0)
        with suppress(LogUnavailable):
            self._metrics.look(self._index, len(self._known.workers()))
        return Response(self._metrics.text(), content_type=MEDIA_TYPE)

"""What a project that has Celery tasks of its own imports: ``base=TailraceTask`` makes each task a job.

The project's own worker runs it, by the project's own message; the job is told of as any other is: streamed, cancelled,
timed out, noticed when its worker is lost. Settings (REDIS_URL …) are read from the environment when first needed.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery, Task, signals
from celery.exceptions import Ignore, Reject, Retry, SoftTimeLimitExceeded

from jobs.clock import rfc3339
from jobs.errors import TailraceError
from jobs.files import new_id
from jobs.model import Job
from tailrace import Cancelled, Context, JobFailed, TimedOut, job
from worker import endings
from worker.alone import run_alone
from worker.around import current
from worker.guests import Sent, job_id_of, request_of
from worker.job import Steps
from worker.job_type import JobType, named
from worker.post import Post

__all__ = ["TailraceTask", "job_id_of", "tracked"]

log = logging.getLogger(__name__)

#: This process's place in the service; it does nothing until it is needed.
_post = Post()


class TailraceTask(Task):  # type: ignore[misc] # Celery has no types
    """A task that is a job; the attributes may be given to ``app.task`` as options."""

    abstract = True
    #: As those of ``@job``.
    timeout_seconds: float | None = None
    steps: Steps = ()
    capture: bool = False

    @property
    def tailrace(self) -> Context:
        """The context of the job that runs now; RuntimeError outside of one."""
        ctx = current()
        if ctx is None:
            raise RuntimeError("no job runs here: self.tailrace is there while the task does")
        return ctx

    @classmethod
    def on_bound(cls, app: Celery) -> None:  # noqa: ARG003 - Celery's
        for hook, receiver in _HOOKS.items():
            hook.connect(receiver, weak=False, dispatch_uid=f"tailrace {receiver.__name__}")

    def apply_async(
        self, args: Any = None, kwargs: Any = None, task_id: str | None = None, *rest: Any, **options: Any
    ) -> Any:
        """As Celery's; the job is made first. LogUnavailable where that cannot be."""
        if self.app.conf.task_always_eager:
            return super().apply_async(args, kwargs, task_id, *rest, **options)
        task_id = task_id or new_id()
        job_id = job_id_of(task_id, options.get("retries") or 0)
        _post.guests.accept(job_id, self._asked(args, kwargs, task_id, options))
        try:
            return super().apply_async(args, kwargs, task_id, *rest, **options)
        except BaseException:
            with suppress(TailraceError):
                _post.guests.drop(job_id, reason="The task could not be sent.")
            raise

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the task inside its job; as a plain function, or eagerly, inside one that nobody else hears of."""
        if self.request.called_directly:
            return self._called(*args, **kwargs)
        call = _Call(lambda: self.run(*args, **kwargs))
        kind = self._kind(call)
        if self.request.is_eager:
            return call.answer(self, run_alone(kind))
        job_id = job_id_of(self.request.id, self.request.retries)
        asked = self._asked(args, kwargs, self.request.id, {"retries": self.request.retries})
        slot = _post.slot(kind)
        with slot.answering():
            job = _post.begin(job_id, asked, kind)
            if job is None:
                raise self._refused(job_id)
            return call.answer(self, slot.hold(job))

    def _called(self, *args: Any, **kwargs: Any) -> Any:
        """As a plain function: part of the job whose code calls it, where there is one."""
        plain = super().__call__
        if current() is not None:
            return plain(*args, **kwargs)
        call = _Call(lambda: plain(*args, **kwargs))
        return call.answer(self, run_alone(self._kind(call)))

    def _kind(self, call: "_Call") -> JobType:
        return named(self.name, job("task", params=Sent, steps=self.steps, capture=self.capture)(call))

    def _asked(self, args: Any, kwargs: Any, task_id: str, options: Mapping[str, Any]) -> Any:
        retries = options.get("retries") or 0
        return request_of(
            self.name,
            self.app.main or "tasks",
            args,
            kwargs,
            timeout_seconds=self.timeout_seconds,
            expires_at=_moment(options.get("expires", self.expires)),
            retry_of=job_id_of(task_id, retries - 1) if retries else None,
        )

    def _refused(self, job_id: str) -> Ignore:
        """What Celery is told of a message whose job has begun, or ended, before."""
        log.info("task %s: its job %s is not to be run", self.name, job_id)
        if _post.cancelled(job_id):
            self.revoked()
        return Ignore()

    def revoked(self) -> None:
        """Whoever waits for the result learns that there will be none."""
        self.backend.mark_as_revoked(
            self.request.id, "cancelled", self.request, store_result=not self.request.ignore_result
        )


class _Call:
    """The task's function as a job's, and what Celery is to have of it."""

    def __init__(self, run: Callable[[], Any]) -> None:
        self._run = run
        self._value: Any = None
        self._error: BaseException | None = None

    def __call__(self, _ctx: Context, _params: Sent) -> Any:
        try:
            self._value = self._run()
        except (Retry, Ignore, Reject) as error:
            self._error = error
            code = type(error).__name__.lower()
            raise JobFailed(code, _SAID[code]) from error
        except BaseException as error:
            self._error = error
            raise
        return _for_watchers(self._value)

    def answer(self, task: TailraceTask, ended: Job | None) -> Any:
        """What the task returned or raised; Ignore for a job that was cancelled, or is another's by now."""
        match self._error:
            case TimedOut():
                raise SoftTimeLimitExceeded
            case Cancelled():
                if task.request.called_directly or task.request.is_eager:
                    raise self._error
                task.revoked()
                raise Ignore
            case None:
                if ended is None:
                    raise Ignore
                return self._value
        raise self._error


#: What watchers are told of the ways out that are Celery's own.
_SAID = {
    "retry": "The task asked for another try, which is a job of its own.",
    "ignore": "The task asked Celery to ignore it.",
    "reject": "The task rejected its message.",
}


def _for_watchers(value: Any) -> Any:
    """*value* where a job's result can carry it; Celery has it in any case."""
    try:
        endings.returned(value)
    except JobFailed as error:
        ctx = current()
        if ctx is not None:
            ctx.log(f"The result is Celery's alone. {error.message}", level="warning")
        return None
    return value


def _moment(expires: Any) -> str | None:
    """Celery's ``expires``, seconds or a time, as a job has it."""
    if isinstance(expires, int | float):
        expires = datetime.now(UTC) + timedelta(seconds=expires)
    if not isinstance(expires, datetime):
        return None
    return rfc3339(round(expires.timestamp() * 1000))


def tracked(app: Celery, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``@tracked(app)``: as ``@app.task(base=TailraceTask)``, with any options of either."""
    return app.task(base=TailraceTask, **options)  # type: ignore[no-any-return] # Celery has no types


# The project's worker ---------------------------------------------------------------------------------------------


def _tasks(app: Celery) -> Iterable[str]:
    return [name for name, task in app.tasks.items() if isinstance(task, TailraceTask)]


def _begin(instance: Any, **_: Any) -> None:
    """Before the pool is forked: its children find the registry in their memory."""
    _post.open(sorted(_tasks(instance.app)), instance.app.main or "tasks", int(instance.concurrency or 1))


def _ready(sender: Any, **_: Any) -> None:
    if _post.guard is not None:
        sender.timer.call_repeatedly(1.0, _post.guard.check)


def _revoked(sender: Any, request: Any, expired: bool, **_: Any) -> None:
    """Celery will not run it, or has ended its process: nobody else would tell the job."""
    if isinstance(sender, TailraceTask):
        with suppress(TailraceError):
            job_id = job_id_of(request.id, request.retries or 0)
            _post.guests.drop(job_id, reason="The task was revoked.", expired=expired)


_HOOKS = {
    signals.celeryd_after_setup: _begin,
    signals.worker_ready: _ready,
    signals.task_revoked: _revoked,
}

"""How an author's function can end other than by returning.

Exception
├── JobFailed     the job cannot be done, and the author knows why
├── ChildFailed   a child job has not succeeded, or could not be begun
└── Retry         try again in another attempt
BaseException
└── Cancelled     raised at the next cancel point once somebody wished the job's end
    ├── TimedOut  raised there once the attempt has taken longer than it may
    ├── Released  raised there once the worker has to go: the same attempt goes on elsewhere, with what was saved
    ├── Suspended raised by ``ctx.child`` while the child runs: the same attempt goes on once it has ended
    └── RunOver   raised there once the job is no longer this worker's; nothing more is written
"""

from typing import Any, ClassVar

from jobs.events import Failure

MESSAGE_CHARACTERS = 4000
CODE_CHARACTERS = 64


class JobFailed(Exception):
    """Ends the job as failed; *code* is for programs, *message* is shown to people as given.

    With *retryable* the job gets another attempt where one is left. *detail* is any small JSON object.
    """

    def __init__(
        self, code: str, message: str, *, retryable: bool = False, detail: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.retryable, self.detail = code, message, retryable, detail

    def failure(self) -> Failure:
        return Failure(
            code=str(self.code)[:CODE_CHARACTERS],
            message=str(self.message)[:MESSAGE_CHARACTERS],
            retryable=bool(self.retryable),
            detail=self.detail,
        )


class ChildFailed(Exception):
    """A child job ended in another way than by success; uncaught it fails its parent.

    *state* is that of the child, or ``refused`` where it could not be begun at all: then *job_id* is None.
    """

    def __init__(self, name: str, job_id: str | None, state: str, error: Failure) -> None:
        super().__init__(f"{name} {state}: {error.message}")
        self.name, self.job_id, self.state, self.error = name, job_id, state, error

    def failure(self) -> Failure:
        who = f"The child job {self.name}" + (f" ({self.job_id})" if self.job_id else "")
        message = f"{who} {_WORDS.get(self.state, self.state)}: {self.error.message}"
        detail = {"job": self.job_id, "state": self.state, "code": self.error.code}
        return Failure(code="child_failed", message=message[:MESSAGE_CHARACTERS], detail=detail)


#: How a child ended, in a sentence about it.
_WORDS = {"cancelled": "was cancelled", "expired": "was not begun in time", "refused": "was refused"}


class Retry(Exception):
    """Ends the attempt; the next one begins after *delay_seconds*, or the job fails where none is left.

    Without *delay_seconds* the pause is that of the job type's back-off.
    """

    def __init__(self, delay_seconds: float | None = None, message: str = "The job asked for another attempt.") -> None:
        super().__init__(message)
        self.delay_seconds = None if delay_seconds is None else max(0.0, float(delay_seconds))
        self.message = message

    def failure(self) -> Failure:
        return Failure(code="retry", message=str(self.message)[:MESSAGE_CHARACTERS], retryable=True)


class Cancelled(BaseException):
    """Somebody wished the job's end: clean up and let it pass; ``except Exception`` does not catch it.

    *interrupted* where it was not met at a cancel point but raised into code that had not looked up.
    """

    code: ClassVar[str] = "cancelled"
    text: ClassVar[str] = "The job was cancelled."

    def __init__(self, *, interrupted: bool = False) -> None:
        super().__init__(self.text)
        self.interrupted = interrupted

    def failure(self) -> Failure:
        return Failure(code=self.code, message=self.text)


class TimedOut(Cancelled):
    """The attempt has taken longer than its ``timeout_seconds``."""

    code = "timeout"
    text = "The job took longer than it may."


class Released(Cancelled):
    """The worker is about to stop: save what another run can go on from."""

    code = "released"
    text = "The worker is about to stop; the job goes on elsewhere."


class Suspended(Cancelled):
    """The function ends to wait for a child, and is called again once that has ended: let it pass."""

    code = "suspended"
    text = "The job waits for a child job."

    def __init__(self, child: str = "", share: tuple[float, float] | None = None) -> None:
        super().__init__()
        self.child, self.share = child, share


class RunOver(Cancelled):
    """Another run, or the end of the job, has replaced this one."""

    code = "run_over"
    text = "The job is no longer this worker's."

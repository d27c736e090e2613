"""Remembers what a job that is run in memory has raised, so that its author can see it."""

import itertools

from jobs.events import Failure
from worker.blame import Blame
from worker.outcomes import Cancelled


class Witness:
    """Of all runs of one job; references count from 000001."""

    def __init__(self) -> None:
        self._refs = itertools.count(1)
        self._seen: list[tuple[BaseException, Failure]] = []

    def blame(self, job_id: str) -> Blame:
        """What words the errors of one run."""
        return _Blame(job_id, self)

    def next_ref(self) -> str:
        return f"{next(self._refs):06}"

    def see(self, error: BaseException, failure: Failure) -> None:
        self._seen.append((error, failure))

    def behind(self, error: Failure | None) -> BaseException | None:
        """What was raised last of all that was told like *error*."""
        if error is None:
            return None
        same = [raised for raised, told in self._seen if (told.code, told.message) == (error.code, error.message)]
        return same[-1] if same else None

    def give_back(self) -> None:
        """Raises what is not the job's but its test's: a Ctrl-C, the end that pytest makes of a test."""
        for error, _ in self._seen:
            if not isinstance(error, Exception | Cancelled | SystemExit):
                raise error


class _Blame(Blame):
    def __init__(self, job_id: str, witness: Witness) -> None:
        super().__init__(job_id, witness.next_ref)
        self._witness = witness

    def failure(self, error: BaseException, step: str | None = None) -> Failure:
        failure = super().failure(error, step)
        self._witness.see(error, failure)
        return failure

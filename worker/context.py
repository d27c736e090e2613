"""What a job's function is given: everything it can tell, ask for and wait on."""

import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal, SupportsFloat

from jobs import events as ev
from worker import plain
from worker.blame import Blame
from worker.fraction import Fraction
from worker.local import chunks_of, opened
from worker.outcomes import JobFailed
from worker.outputs import Output
from worker.ports import Files, Sink, check, tell
from worker.steps import Step

Level = Literal["debug", "info", "warning", "error"]
Severity = Literal["info", "warning", "critical"]


class Context:
    """One run of one job, as its author sees it.

    Cancel points (they raise Cancelled once the job is to end): the begin of a step, ``progress``, ``track``,
    ``write``, ``item``, ``metric`` and ``raise_if_cancelled``. What cleaning up needs (``log``, ``alert``,
    ``artifact``, ``done``) never raises it.
    """

    def __init__(
        self,
        job_id: str,
        *,
        attempt: int,
        sink: Sink,
        files: Files,
        workdir: Path,
        fraction: Fraction,
        blame: Blame,
        deadline: datetime | None = None,
    ) -> None:
        self.job_id, self.attempt, self.workdir = job_id, attempt, workdir
        #: When the attempt will be ended because it takes too long; None where it may take any time.
        self.deadline = deadline
        self._sink, self._files, self._fraction, self._blame = sink, files, fraction, blame
        self._outputs: dict[str, Output] = {}
        self._open: set[Step] = set()
        self._fetched: dict[str, tuple[Path, str]] = {}

    @property
    def load(self) -> int:
        """0 to 4: how far the service has had to cut down; a job may do less when it is high."""
        return 0

    # The whole job --------------------------------------------------------------------------------------------

    def raise_if_cancelled(self) -> None:
        """A cancel point and nothing else."""
        check(self._sink)

    def progress(self, fraction: SupportsFloat, message: str | None = None) -> None:
        """The whole job is at *fraction*, 0 to 1; ValueError where declared steps already say so. A cancel point."""
        check(self._sink)
        if self._fraction.derived:
            raise ValueError("this job declares steps, and how far it is follows from theirs: use step.progress")
        self._fraction.put(plain.number(fraction), None if message is None else plain.text(message, 500))

    # Steps and outputs ----------------------------------------------------------------------------------------

    def step(self, name: str, *, title: str | None = None, weight: float | None = None) -> Step:
        """A step, to be opened by ``with``; one inside another names it as its parent. A cancel point."""
        share = self._fraction.weight(name, plain.maybe(weight))
        return Step(
            name,
            sink=self._sink,
            fraction=self._fraction,
            blame=self._blame,
            title=title,
            weight=share,
            among=self._open,
        )

    def skip_step(self, name: str, reason: str) -> None:
        """The step is not needed and will not be begun."""
        tell(self._sink, ev.StepSkipped(name=plain.name(name), reason=plain.text(reason)))
        self._fraction.set(name, 1.0)

    def output(self, name: str) -> Output:
        """The output of that name, the same each time."""
        output = self._outputs.get(name)
        if output is None:
            output = self._outputs.setdefault(name, Output(name, self._sink))
        return output

    # Facts ----------------------------------------------------------------------------------------------------

    def metric(
        self, name: str, value: SupportsFloat, *, step: SupportsFloat | None = None, unit: str | None = None
    ) -> None:
        """A number at one moment; one that JSON cannot say (nan, inf) becomes a warning. A cancel point."""
        check(self._sink)
        measured = plain.maybe(value)
        if measured is None:
            self.log(f"{name} is {value}", level="warning")
            return
        named = None if unit is None else plain.text(unit, plain.NAME)
        tell(self._sink, ev.MetricMeasured(name=plain.name(name), value=measured, step=plain.maybe(step), unit=named))

    def log(self, message: str, level: Level = "info", **fields: Any) -> None:
        """A line for people who watch, with any fields beside it."""
        if level not in ("debug", "info", "warning", "error"):
            raise ValueError(f"{level!r} is no level: debug, info, warning or error")
        tell(self._sink, ev.LogWritten(level=level, message=plain.text(message), fields=plain.fields(fields)))

    def item(
        self,
        key: str,
        state: str,
        error: BaseException | str | Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """One of a batch reached *state* (such as succeeded, failed, skipped); never merged. A cancel point."""
        check(self._sink)
        failure = None if error is None else self._failure(error)
        event = ev.ItemFinished(
            key=plain.name(key), state=plain.name(state), error=failure, fields=plain.fields(fields)
        )
        tell(self._sink, event)

    def alert(
        self,
        name: str,
        *,
        message: str,
        severity: Severity = "warning",
        value: SupportsFloat | None = None,
        threshold: SupportsFloat | None = None,
        firing: bool = True,
    ) -> None:
        """A rule begins to fire, or with ``firing=False`` ceases to."""
        if severity not in ("info", "warning", "critical"):
            raise ValueError(f"{severity!r} is no severity: info, warning or critical")
        event = ev.AlertChanged(
            name=plain.name(name),
            severity=severity,
            message=plain.text(message),
            firing=bool(firing),
            value=plain.maybe(value),
            threshold=plain.maybe(threshold),
        )
        tell(self._sink, event)

    def _failure(self, error: BaseException | str | Mapping[str, Any]) -> ev.Failure:
        if isinstance(error, BaseException):
            return self._blame.failure(error)
        given: Mapping[str, Any] = {"message": error} if isinstance(error, str) else error
        code, message = given.get("code", "error"), given.get("message", "")
        return self._blame.failure(JobFailed(code, message, detail=given.get("detail")))

    # Files ----------------------------------------------------------------------------------------------------

    def artifact(self, name: str, data: bytes | str | Path, *, media_type: str | None = None) -> ev.ArtifactReady:
        """Keeps *data* (bytes, text, or the file at a Path) for whoever watches; returns what they are told of it."""
        guessed = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        record = self._files.keep(plain.text(name, 1000), chunks_of(data), plain.text(guessed, plain.NAME))
        tell(self._sink, record)
        return record

    def file_path(self, file_id: str) -> Path:
        """A local copy of an uploaded file, inside ``workdir``."""
        return self._fetch(file_id)[0]

    @contextmanager
    def open_file(self, file_id: str) -> Iterator[IO[bytes]]:
        """An uploaded file, binary and seekable; its ``name`` is the one it was uploaded under."""
        path, name = self._fetch(file_id)
        with opened(path, name) as file:
            yield file

    def _fetch(self, file_id: str) -> tuple[Path, str]:
        if file_id not in self._fetched:
            self._fetched[file_id] = self._files.fetch(file_id, self.workdir)
        return self._fetched[file_id]

    # The end, for the runner ----------------------------------------------------------------------------------

    def close(self, failure: ev.Failure | None = None) -> None:
        """Ends what is still open: steps (as failed where there is a *failure*) and outputs."""
        for step in list(self._open):
            step.close(failure)
        for output in list(self._outputs.values()):
            output.done()

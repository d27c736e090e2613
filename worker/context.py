"""What a job's function is given: everything it can tell, ask for and wait on."""

import mimetypes
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, SupportsFloat

from pydantic import BaseModel

from jobs import events as ev
from worker import plain
from worker.blame import Blame
from worker.durable import Durable
from worker.facts import Facts
from worker.fraction import Fraction
from worker.keeping import Keeping, Kept
from worker.local import chunks_of, opened
from worker.offspring import Asked, Child, Offspring
from worker.outputs import Output
from worker.ports import Children, Files, Sink, check, tell
from worker.steps import Step

#: What a job saves for its later runs lies beside its artifacts, under names that no artifact of an author's has.
_KEPT = "~kept~"


class Context(Facts):
    """One run of one job, as its author sees it.

    Cancel points (they raise Cancelled once the job is to end): the begin of a step, ``progress``, ``track``,
    ``write``, ``item``, ``metric``, the end of a ``shield`` and ``raise_if_cancelled``. What cleaning up needs
    (``log``, ``alert``, ``artifact``, ``save``, ``done``) never raises it.
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
        earlier: Mapping[str, bytes] | None = None,
        load: Callable[[], int] = lambda: 0,
        children: Children | None = None,
    ) -> None:
        super().__init__(sink, blame)
        self.job_id, self.attempt, self._workdir = job_id, attempt, workdir
        self._moved_in = False
        self._files, self._fraction, self._load = files, fraction, load
        self._keeping = Keeping(sink, attempt, earlier or {})
        self._durable = Durable(self._keeping, self.step, self._reused)
        self._offspring = Offspring(children, self._keeping, attempt=attempt, sink=sink, fraction=fraction, blame=blame)
        self._outputs: dict[str, Output] = {}
        self._open: set[Step] = set()
        self._fetched: dict[str, tuple[Path, str]] = {}
        self._cleanups = ExitStack()

    # The run --------------------------------------------------------------------------------------------------

    @property
    def workdir(self) -> Path:
        """A folder of the run's own, empty at first and gone at its end; made when it is first asked for."""
        if not self._moved_in:
            self._moved_in = True
            self._workdir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._workdir

    @property
    def load(self) -> int:
        """0 to 4: how far the service has had to cut down; a job may tell less while it is high. It costs nothing."""
        return self._load()

    @property
    def deadline(self) -> datetime | None:
        """When the run will be ended because it takes too long; None where it may take any time."""
        found = self._sink.deadline_ms
        return None if found is None else datetime.fromtimestamp(found / 1000, UTC)

    def extend_timeout(self, seconds: SupportsFloat) -> None:
        """The run may take *seconds* more, counted from its deadline; nothing happens where it has none."""
        self._sink.extend(max(0.0, plain.number(seconds)))

    def raise_if_cancelled(self) -> None:
        """A cancel point and nothing else."""
        check(self._sink)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """A short part that a cancel waits for, until its grace is over; its end is a cancel point."""
        with self._sink.verdict.shield():
            yield
        check(self._sink)

    def cleanup(self, function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        """*function* is called when the run ends, however that is, but by a kill; the last one given comes first."""
        self._cleanups.callback(function, *args, **kwargs)

    def progress(self, fraction: SupportsFloat, message: str | None = None) -> None:
        """The whole job is at *fraction*, 0 to 1; ValueError where declared steps already say so. A cancel point."""
        check(self._sink)
        if self._fraction.derived:
            raise ValueError("this job declares steps, and how far it is follows from theirs: use step.progress")
        self._fraction.put(plain.number(fraction), None if message is None else plain.text(message, 500))
        self._sink.hurry()

    # What outlives the run ------------------------------------------------------------------------------------

    def durable(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The step *name*: ``function(*args, **kwargs)``, whose JSON result is kept and given back by later runs.

        Once this has returned the function is not called again for this job. What it returns comes as JSON has it (a
        tuple as a list), the first time too; it is to be awaited where the function is. TypeError or ValueError where
        it is no JSON, is larger than 1 MiB, or the name was used before.
        """
        return self._durable(name, function, *args, **kwargs)

    def save(self, name: str, value: Any) -> None:
        """Keeps *value*, at most 1 MiB of JSON, for later runs; it is stored once this returns."""
        key = f"save:{plain.name(name)}"
        self._keeping.wait(self._keeping.keep(key, value))

    def saved(self, name: str, default: Any = None) -> Any:
        """What this run or one before it has saved under *name* last."""
        key = f"save:{plain.name(name)}"
        return default if self._keeping.find(key) is None else self._keeping.value(key)

    def save_file(self, name: str, data: bytes | str | Path) -> None:
        """Keeps a file of any size for later runs, as ``save`` does a value; nobody who watches is told of it.

        A run that is over may still be writing: give each file a name of its own, and save which one counts.
        """
        self._files.keep(_KEPT + plain.name(name), chunks_of(data), "application/octet-stream")

    def saved_file(self, name: str) -> Path | None:
        """A local copy, inside ``workdir``, of the file that this run or one before it has saved under *name*."""
        return self._files.recall(_KEPT + plain.name(name), self.workdir)

    def drop_file(self, name: str) -> None:
        """A saved file is not needed any more; those that are left go with the job."""
        self._files.drop(_KEPT + plain.name(name))

    def _reused(self, name: str, kept: Kept) -> None:
        check(self._sink)
        self._fraction.set(name, 1.0)
        tell(self._sink, ev.StepReused(name=plain.name(name), from_attempt=kept.attempt, seconds=kept.seconds))

    def child(
        self,
        kind: str,
        params: Mapping[str, Any] | BaseModel | None = None,
        *,
        name: str | None = None,
        title: str | None = None,
        weight: SupportsFloat | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Child:
        """The step *name* (the type *kind* unless given): a job of its own, which this one waits for. A cancel point.

        While the child runs this run ends (Suspended: let it pass) and holds no worker; once the child has ended the
        function is called again, and finds here what became of it. ChildFailed where it has not succeeded, or cannot
        be begun; ValueError where the name was used before.
        """
        called = title and plain.text(title, plain.NAME)
        return self._offspring(
            Asked(kind, params or {}, plain.name(name or kind), called, plain.maybe(weight), labels or {})
        )

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

    def close(self, failure: ev.Failure | None = None, *, suspended: bool = False) -> None:
        """Cleans up as asked, then ends what is open: outputs, and steps, as failed where there is a *failure*.

        What is open stays so where the job goes on once a child has ended.
        """
        try:
            self._cleanups.close()
        finally:
            #: Whoever asks after the end makes no folder that nobody takes away.
            self._moved_in = True
            if suspended:
                self._open.clear()
                self._outputs.clear()
            for step in list(self._open):
                step.close(failure)
            for output in list(self._outputs.values()):
                output.done()

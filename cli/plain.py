"""A job's progress as lines, for logs and pipes: one for each thing that changed."""

from collections.abc import Iterator
from typing import Self

from rich.console import Console

from cli.text import clean, number, one_line, size
from jobs.model import Job
from jobs.views import Output, Step

#: A running step is told again when it has advanced by this much.
STRIDE = 0.25
#: So many lines of an output are known again where a further run tells them.
KEPT_LINES = 5000


class PlainLines:
    """Compares each state of the job with what was told before; what a further run tells again is said once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: dict[str, object] = {}
        self._lengths: dict[str, int] = {}
        #: Of each output the lines of its run, and those of the run before that this one may tell again.
        self._lines: dict[str, list[str]] = {}
        self._again: dict[str, list[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, job: Job) -> None:
        """Says what is new."""
        for line in self._news(job):
            self.note(line)

    def note(self, text: str) -> None:
        """Says *text* as it is."""
        self._console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def _news(self, job: Job) -> Iterator[str]:
        if self._is_new("job", (job.state, job.attempt)):
            yield f"{one_line(job.request.type)} {job.id} {job.state.value}"
        for step in job.steps.values():
            if self._is_new(f"step {step.name}", (step.state, int(step.fraction / STRIDE))):
                yield from (line for line in _step(step) if self._is_new(f"{job.attempt} {step.name} {line}", True))
        stride = int(job.progress.fraction / STRIDE)
        if not job.steps and stride and self._is_new("progress", stride):
            yield f"  {job.progress.fraction:.0%} {one_line(job.progress.message or '')}".rstrip()
        yield from self._made(job)
        yield from self._said(job)

    def _made(self, job: Job) -> Iterator[str]:
        for name, output in job.outputs.items():
            yield from self._lines_of(name, output)
        for artifact in job.artifacts.values():
            if self._is_new(f"artifact {artifact.name}", artifact.sha256):
                yield f"  made {one_line(artifact.name)} ({size(artifact.bytes)})"

    def _said(self, job: Job) -> Iterator[str]:
        for line in job.log[-20:]:
            if self._is_new(f"log {line.time} {line.message}", True):
                yield f"  {line.level}: {one_line(line.message)}"
        for alert in job.alerts.firing.values():
            if self._is_new(f"alert {alert.name}", alert.since):
                yield f"  alert: {one_line(alert.message)}"

    def _is_new(self, key: str, value: object) -> bool:
        if key in self._told and self._told[key] == value:
            return False
        self._told[key] = value
        return True

    def _lines_of(self, name: str, output: Output) -> Iterator[str]:
        """The whole lines that have come since the last time; the rest once the output is done."""
        told = self._lengths.get(name, 0)
        if output.length < told:  # it started over
            told = 0
            self._again[name] = self._lines.pop(name, [])[::-1]
        fresh = output.text[-(output.length - told) :] if output.length > told else ""
        whole = fresh if output.done else fresh[: fresh.rfind("\n") + 1]
        self._lengths[name] = told + len(whole)
        yield from (f"  | {line}" for line in clean(whole).splitlines() if self._is_other(name, line))

    def _is_other(self, name: str, line: str) -> bool:
        """Whether the run before has not said just that in this place."""
        said = self._lines.setdefault(name, [])
        if len(said) < KEPT_LINES:
            said.append(line)
        again = self._again.get(name)
        if again and again.pop() == line:
            return False
        self._again.pop(name, None)
        return True


def _step(step: Step) -> Iterator[str]:
    name = one_line(step.title or step.name)
    match step.state:
        case "pending":
            return
        case "running" if step.done is None and not step.fraction:
            yield f"  {name} …"
        case "running":
            total = f" of {number(step.total)}" if step.total else ""
            done = f"{number(step.done)}{total} {one_line(step.unit or '')}" if step.done is not None else ""
            yield f"  {name}: {step.fraction:.0%} {done}".rstrip()
        case "failed":
            yield f"  {name}: failed: {one_line(step.error.message if step.error else '')}"
        case state:
            yield f"  {name}: {state} {one_line(step.summary or step.message or '')}".rstrip()

"""A job's progress drawn in the terminal: steps with state and bars, streamed text, artifacts; then the result."""

import contextlib
import json
from collections.abc import Iterable
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli.plain import PlainLines
from cli.text import between, clean, duration, number, one_line, size
from jobs.model import Job, JobState
from jobs.views import Step

#: Rows of the running picture; the rest of a long job is told in its last one.
STEP_ROWS = 14
TEXT_ROWS = 8
LOG_ROWS = 3
#: Lines of a list in a result; the whole result is in the job.
LIST_LINES = 10
_BAR_WIDTH = 24
_PER_SECOND = 12
_MARKS = {
    "pending": ("○", "dim"),
    "succeeded": ("✔", "green"),
    "failed": ("✘", "red"),
    "skipped": ("·", "dim"),
    "reused": ("✔", "cyan"),
}
_COLOURS = {"succeeded": "green", "failed": "red", "cancelled": "yellow", "expired": "yellow", "running": "cyan"}


class Drawing(Protocol):
    """What shows a job while it goes on."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, job: Job) -> None:
        """The job as it is after one more event."""
        ...

    def note(self, text: str) -> None:
        """Something about the connection, not the job."""
        ...


def drawing(console: Console) -> Drawing:
    """Moving pictures on a terminal, lines elsewhere."""
    return LivePicture(console) if console.is_terminal and not console.is_dumb_terminal else PlainLines(console)


class LivePicture:
    """The picture that is drawn over itself; the last one stays."""

    def __init__(self, console: Console) -> None:
        self._job: Job | None = None
        self._note = ""
        self._spinner = Spinner("dots", style="cyan")
        self._last: RenderableType = Text("connecting …", style="dim")
        self._console = console
        self._live = Live(console=console, refresh_per_second=_PER_SECOND, get_renderable=self._now)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, job: Job) -> None:
        self._job, self._note = job, ""

    def note(self, text: str) -> None:
        self._note = text

    def _now(self) -> RenderableType:
        """Called from the drawing thread, while events are folded in: a picture torn by that is left out."""
        with contextlib.suppress(RuntimeError):
            parts = list(picture(self._job, self._spinner, self._console)) if self._job else []
            if self._note:
                parts.append(Text(clean(self._note), style="yellow"))
            self._last = Group(*parts) if parts else self._last
        return self._last


def picture(job: Job, spinner: Spinner, console: Console) -> Iterable[RenderableType]:
    """The parts of the drawing, from the head to the text that streams in."""
    yield head(job)
    if job.steps:
        yield _steps(list(job.steps.values()), spinner)
    elif job.state in {JobState.RUNNING, JobState.CANCELLING}:
        yield ProgressBar(total=1, completed=job.progress.fraction, width=_BAR_WIDTH)
    yield from (Text(f"! {one_line(alert.message)}", style="yellow") for alert in job.alerts.firing.values())
    if counts := job.items.counts:
        yield Text(", ".join(f"{number(count)} {clean(state)}" for state, count in counts.items()))
    for line in job.log[-LOG_ROWS:]:
        yield Text(f"  {line.level}: {one_line(line.message)}", style="dim")
    if job.state is not JobState.SUCCEEDED:
        #: Once all is well, the result and the list of artifacts take their place.
        if job.artifacts:
            yield Text(f"▪ {len(job.artifacts)} artifacts: {one_line(', '.join(job.artifacts), 80)}")
        for output in job.outputs.values():
            rows = Text(clean(output.text).rstrip(), style="italic").wrap(console, console.width)
            yield from rows[-TEXT_ROWS:]


def head(job: Job) -> Text:
    """One line about the whole job."""
    text = Text.assemble(
        (one_line(job.request.type), "bold"), "  ", (job.state.value, _COLOURS.get(job.state.value, ""))
    )
    if job.state is JobState.RUNNING:
        text.append(f"  {job.progress.fraction:.0%}")
        if job.progress.eta_seconds is not None:
            text.append(f"  about {duration(job.progress.eta_seconds)} left", "dim")
    elif (seconds := between(job.started_at, job.finished_at)) is not None:
        text.append(f"  {duration(seconds)}", "dim")
    if job.attempt > 1:
        text.append(f"  attempt {job.attempt} of {job.request.max_attempts}", "yellow")
    if job.progress.message and not job.state.terminal:
        text.append(f"  {one_line(job.progress.message, 60)}", "dim")
    return text


def _steps(steps: list[Step], spinner: Spinner) -> Table:
    table = Table.grid(padding=(0, 1))
    hidden = max(0, len(steps) - STEP_ROWS)
    if hidden:
        table.add_row("", Text(f"… {hidden} steps before", style="dim"))
    for step in steps[hidden:]:
        mark = spinner if step.state == "running" else Text(*_MARKS.get(step.state, ("?", "")))
        indent = "  " if step.parent else ""
        bar = ProgressBar(total=1, completed=step.fraction, width=_BAR_WIDTH) if step.state == "running" else ""
        table.add_row(mark, Text(indent + one_line(step.title or step.name, 40)), bar, Text(words(step), style="dim"))
    return table


def words(step: Step) -> str:
    """What a step says of itself: how far it is, how it ended."""
    if step.state == "failed" and step.error:
        return one_line(step.error.message, 100)
    if step.state == "running":
        done = "" if step.done is None else number(step.done)
        total = f" of {number(step.total)}" if step.total else ""
        parts = (done + total, one_line(step.unit or ""), one_line(step.message or ""))
        return " ".join(part for part in parts if part)
    spent = "" if step.seconds is None else duration(step.seconds)
    return "  ".join(part for part in (spent, one_line(step.summary or step.message or "", 100)) if part)


def conclusion(job: Job, url: str) -> Iterable[RenderableType]:
    """What remains on the screen below the last picture: the result or the error, the artifacts, the page."""
    yield Text()
    if job.state is JobState.SUCCEEDED and job.result is not None:
        yield from _result(job)
    if job.error:
        yield Text(f"failed ({one_line(job.error.code)}): {clean(job.error.message)}", style="red")
    if job.state is JobState.CANCELLED:
        mode = job.cancel.mode if job.cancel else None
        yield Text(f"cancelled ({mode})" if mode else "cancelled", style="yellow")
    if job.state is JobState.EXPIRED:
        yield Text("expired: no worker began it in time", style="yellow")
    if job.artifacts:
        yield Text("\nArtifacts")
    for artifact in job.artifacts.values():
        yield Text.assemble(f"{size(artifact.bytes):>10}  ", (f"{url}{clean(artifact.url)}", "blue"))


def _result(job: Job) -> Iterable[RenderableType]:
    result = job.result
    if not isinstance(result, dict):
        yield Text(f"result: {_value(result)}")
        return
    table = Table.grid(padding=(0, 2))
    shown = {name: value for name, value in result.items() if name != "artifacts"}  # they are listed with their URLs
    for name, value in shown.items():
        table.add_row(Text(one_line(name), style="bold"), Text(_value(value)))
    yield table


def _value(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        lines = [*map(clean, value[:LIST_LINES]), *(["…"] if len(value) > LIST_LINES else [])]
        return "\n".join(lines)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return one_line(json.dumps(value, ensure_ascii=False), 160)
    return number(value)

"""The terminal's picture of a job: the same fold as the service's, and nothing that could drive the terminal."""

import io
import json
from typing import Any

import pytest
from rich.console import Console
from rich.spinner import Spinner

from cli.live import LivePicture, conclusion, drawing, picture
from cli.picture import folded, from_resource
from cli.plain import PlainLines
from cli.text import clean, duration, one_line, size
from jobs.model import Job
from jobs.resource import resource

EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("job.queued", {"request": {"type": "report", "params": {"n": 1}}}),
    (
        "job.started",
        {"worker": "w1", "attempt": 1, "steps": [{"name": "read", "title": "Read [bold]it[/bold]", "weight": 1}]},
    ),
    ("step.started", {"name": "read", "title": "Read [bold]it[/bold]"}),
    ("step.progress", {"name": "read", "done": 500, "total": 1000, "unit": "rows"}),
    ("job.progress", {"fraction": 0.5, "eta_seconds": 2.0}),
    ("output.delta", {"name": "text", "offset": 0, "text": "Sales rise.\nCosts \x1b[31mfall.\n"}),
    ("metric", {"name": "loss", "value": 0.5, "step": 1}),
    ("item", {"key": "a", "state": "succeeded"}),
    ("alert", {"name": "cpu", "severity": "warning", "message": "hot", "firing": True}),
    ("log", {"level": "info", "message": "half way"}),
    (
        "artifact.ready",
        {
            "id": "1",
            "name": "trend.svg",
            "media_type": "image/svg+xml",
            "bytes": 2048,
            "sha256": "00",
            "url": "/v1/jobs/j/artifacts/trend.svg",
        },
    ),
    ("step.succeeded", {"name": "read", "seconds": 1.5, "summary": "1,000 rows"}),
    ("job.succeeded", {"result": {"rows": 1000, "title": "Report"}}),
]


def envelope(seq: int, name: str, data: dict[str, Any]) -> bytes:
    time = f"2026-01-01T00:00:{seq:02}.000Z"
    view = {"id": f"abcd-{seq}", "seq": seq, "type": name, "job": "j", "time": time, "attempt": 1, "data": data}
    return json.dumps(view).encode()


def history(events: list[tuple[str, dict[str, Any]]] = EVENTS) -> list[Job]:
    """The job after each event, each a copy."""
    job, all_of_them = None, []
    for seq, (name, data) in enumerate(events, 1):
        job = folded(job, envelope(seq, name, data))
        assert job is not None
        all_of_them.append(from_resource({**resource(job), "queue": None, "served": True, "links": {}}))
    return all_of_them


def test_a_snapshot_folds_on_as_if_seen_from_the_first_event() -> None:
    last = resource(history()[-1])
    for seen, snapshot in enumerate(history(), 1):
        job: Job | None = snapshot
        for seq, (name, data) in enumerate(EVENTS[seen:], seen + 1):
            job = folded(job, envelope(seq, name, data))
        assert job is not None
        assert resource(job) == last


def test_an_event_that_does_not_fit_asks_for_a_snapshot() -> None:
    assert folded(history()[-1], envelope(99, "job.started", {"worker": "w", "attempt": 2})) is None


def test_an_event_of_a_newer_version_changes_nothing() -> None:
    job = folded(history()[3], envelope(5, "job.danced", {"steps": 3}))
    assert job is not None
    assert job.state.value == "running"


def test_lines_tell_each_thing_once() -> None:
    console = Console(file=io.StringIO(), width=100)
    with PlainLines(console) as lines:
        for job in history():
            lines.show(job)
            lines.show(job)
    told = _text(console).splitlines()
    assert len(told) == len(set(told))
    assert "  Read [bold]it[/bold]: 50% 500 of 1,000 rows" in told
    assert "  | Sales rise." in told
    assert "  made trend.svg (2.0 KiB)" in told
    assert told[-1] == "report j succeeded" or "report j succeeded" in told


def run(attempt: int, *texts: str) -> list[tuple[str, dict[str, Any]]]:
    """What a run tells that says these lines in its one step."""
    said = [("output.delta", {"name": "text", "offset": 6 * place, "text": text}) for place, text in enumerate(texts)]
    begun = [("job.started", {"worker": "w", "attempt": attempt}), ("step.started", {"name": "read"})]
    return [*begun, *said, ("step.succeeded", {"name": "read", "seconds": 1, "summary": "it"})]


def lines_of(*later: tuple[str, dict[str, Any]]) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    begin = [EVENTS[0], *run(1, "line1\n", "line2\n")]
    with PlainLines(console) as lines:
        for job in history([*begin, *later]):
            lines.show(job)
    return [line for line in _text(console).splitlines() if line.startswith("  ")]


RESET = ("output.reset", {"name": "text", "reason": "it starts over"})


def test_what_a_run_tells_again_after_a_child_is_one_line_and_what_it_tells_otherwise_another() -> None:
    suspended = ("job.scheduled", {"until": "2026-01-01T00:01:00.000Z", "reason": "child", "child": "c"})
    again = [suspended, ("job.queued", {}), *run(1, "line1\n", "other\n", "line2\n")]
    again.insert(3, RESET)
    told = lines_of(*again)
    assert told == ["  read …", "  | line1", "  | line2", "  read: succeeded it", "  | other", "  | line2"]


def test_another_attempt_tells_its_steps_anew() -> None:
    failed = ("job.retrying", {"error": {"code": "x", "message": "x"}, "delay_seconds": 0, "next_attempt": 2})
    told = lines_of(failed, ("job.queued", {}), *run(2)[:1], RESET, *run(2)[1:])
    assert told.count("  read …") == 2


def test_a_terminal_gets_the_moving_picture_and_a_pipe_gets_lines() -> None:
    assert isinstance(drawing(Console(file=io.StringIO(), force_terminal=True)), LivePicture)
    assert isinstance(drawing(Console(file=io.StringIO())), PlainLines)


def test_the_picture_shows_steps_text_and_artifacts() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None, legacy_windows=False)
    with drawing(console) as shown:
        for job in history():
            shown.show(job)
    for part in ("report", "succeeded", "Read [bold]it[/bold]", "1,000 rows", "hot"):
        assert part in _text(console)


def test_the_picture_of_a_running_job_ends_with_the_last_rows_of_its_text() -> None:
    console = Console(file=io.StringIO(), width=40)
    job = history()[-2]
    job.outputs["text"].text = "word " * 200 + "the end"
    parts = list(picture(job, Spinner("dots"), console))
    for part in parts:
        console.print(part)
    assert _text(console).rstrip().endswith("the end")
    assert "trend.svg" in _text(console)
    assert len(_text(console).splitlines()) < 20


def test_a_jobs_text_cannot_drive_the_terminal() -> None:
    console = Console(file=io.StringIO(), width=100)
    with PlainLines(console) as lines:
        for job in history():
            lines.show(job)
    for part in conclusion(history()[-1], "http://here"):
        console.print(part)
    assert "\x1b" not in _text(console)
    assert clean("a\x1b]0;x\x07b\x9b31m\u202ec\td\r\ne\rf") == "a\ufffd]0;x\ufffdb\ufffd31m\ufffdc\td\ne\nf"


def test_the_end_names_the_result_and_where_the_artifacts_are() -> None:
    console = Console(file=io.StringIO(), width=100)
    for part in conclusion(history()[-1], "http://here"):
        console.print(part)
    assert "rows   1,000" in _text(console)
    assert "http://here/v1/jobs/j/artifacts/trend.svg" in _text(console)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (size(0), "0 B"),
        (size(2048), "2.0 KiB"),
        (size(5 << 30), "5.0 GiB"),
        (duration(0.44), "0.4 s"),
        (duration(65), "1 min 05 s"),
        (one_line("a\n b" * 100, 10), "a ba ba b…"),
    ],
)
def test_figures_read_well(shown: str, expected: str) -> None:
    assert shown == expected


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()

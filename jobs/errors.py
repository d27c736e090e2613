"""Everything that can go wrong with a job, under one root.

TailraceError
├── InvalidCursor       a cursor that no log could have given out
├── InvalidEvent        an event that must not reach a log (too large, a bad name)
├── InvalidTransition   an event that the job's state does not allow
├── JobNotFound         no such job: never accepted, deleted, or past its retention
├── FileNotFound        no such upload or artifact
├── FileTooLarge        more bytes than the service takes
├── QueueFull           as many unfinished jobs as the service takes
├── CursorMoved         somebody else appended first; read again and decide anew
├── RunLost             the job is no longer this run's; its writer must end
├── LogUnavailable      Redis is away or refuses to write
└── SettingsError       a setting that cannot be; the start stops here
"""

from typing import Any


class TailraceError(Exception):
    """The root: ``text`` is filled from the attributes given, so that no text stands twice."""

    text = "Something went wrong."

    def __init__(self, **data: Any) -> None:
        super().__init__(self.text.format(**data))
        self.__dict__.update(data)


class InvalidCursor(TailraceError):
    text = "{cursor!r} is not a cursor; use an event's id, 0 or latest."


class InvalidEvent(TailraceError):
    text = "This {event} event cannot be stored: {why}."


class InvalidTransition(TailraceError):
    text = "A job that is {state} cannot take {event}."


class JobNotFound(TailraceError):
    text = "There is no job {job_id}."
    job_id: str


class FileNotFound(TailraceError):
    text = "There is no file {file_id}."
    file_id: str


class FileTooLarge(TailraceError):
    text = "The file is larger than {limit} bytes."
    limit: int


class QueueFull(TailraceError):
    text = "There are {most} unfinished jobs already; try again later."
    most: int


class CursorMoved(TailraceError):
    text = "The log of job {job_id} stands at {current}, not where the writer thought."
    job_id: str


class RunLost(TailraceError):
    text = "Run {run} of job {job_id} is over; another run or the service has taken the job."
    job_id: str
    run: int


class LogUnavailable(TailraceError):
    text = "The event log cannot be reached ({why})."


class SettingsError(TailraceError):
    text = "{name}: {why}"
    name: str

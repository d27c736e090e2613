"""A job followed to its end: drawn or as JSON lines; the exit code says how it ended."""

from rich.console import Console

from cli.errors import Exit
from cli.follow import Follower, Seen
from cli.live import Drawing, conclusion, drawing
from cli.picture import folded, from_resource
from cli.service import Service
from jobs.model import Job, JobState

_CODES = {
    JobState.SUCCEEDED: Exit.OK,
    JobState.FAILED: Exit.FAILED,
    JobState.CANCELLED: Exit.CANCELLED,
    JobState.EXPIRED: Exit.CANCELLED,
}


def watch(service: Service, job_id: str) -> int:
    """Draws the job until it ends; the exit code."""
    console = Console()
    try:
        with drawing(console) as shown:
            job = _followed(service, job_id, shown)
    except KeyboardInterrupt:
        console.print(f"\nStill going on.  ./tailrace watch {job_id}   or end it:  ./tailrace cancel {job_id}")
        raise
    for part in conclusion(job, service.url):
        console.print(part, soft_wrap=True)
    return exit_code(job)


def watch_json(service: Service, job_id: str, *, after: str | None) -> int:
    """Prints every event as it comes, one envelope a line; the exit code."""
    for seen in Follower(service, job_id, after=after):
        print(seen.envelope, flush=True)
    return exit_code(from_resource(service.job(job_id)))


def exit_code(job: Job) -> int:
    """How the job ended, as a number for scripts."""
    return _CODES.get(job.state, Exit.FAILED)


def _followed(service: Service, job_id: str, shown: Drawing) -> Job:
    job = from_resource(service.job(job_id))
    follower = Follower(service, job_id, told=shown.note)
    for seen in follower:
        after = _after(job, seen)
        if after is None:
            follower.restart()
        elif after is not job or not seen.type.startswith("stream."):
            job = after
            shown.show(job)
    if not job.state.terminal:
        job = from_resource(service.job(job_id))
        shown.show(job)
    return job


def _after(job: Job, seen: Seen) -> Job | None:
    """The job after what was seen; None where a snapshot is due."""
    if seen.type == "stream.snapshot":
        return from_resource(seen.data["job"])
    if seen.type.startswith("stream."):
        return job
    return folded(job, seen.envelope.encode())

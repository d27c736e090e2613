"""What a job gets, in seconds, to end by itself before it is killed; that of a cancel is its caller's to choose."""

from typing import NamedTuple

#: After it was told that it has taken too long.
TIMEOUT_SECONDS = 5.0
#: Once its job is no longer its own.
FOREIGN_SECONDS = 2.0
#: To save what another run can go on from, at the end of its worker's drain; half of the drain where that is less.
SAVE_SECONDS = 5.0
#: After the end of the drain, for a process that several jobs share to end itself.
EXIT_SECONDS = 2.0


class Leave(NamedTuple):
    """A worker is to stop: its jobs are told so at ``told_ms`` and are gone by ``until_ms``, since 1970."""

    told_ms: int
    until_ms: int


def leave(now_ms: int, seconds: float) -> Leave:
    """The times of a drain that begins now and takes *seconds*."""
    until = now_ms + round(seconds * 1000)
    return Leave(until - round(min(SAVE_SECONDS, seconds / 2) * 1000), until)


def hurry(now_ms: int, seconds: float) -> Leave:
    """The times of an end that waits for no job to finish: all save at once, in no more than *seconds*."""
    return Leave(now_ms, now_ms + round(min(SAVE_SECONDS, seconds) * 1000))

"""What a subcommand says when it cannot go on, and the exit codes that scripts may rely on.

CommandError
├── UsageError    the command line or a setting cannot be
├── Refused       the service answered with a problem
└── Unreachable   nobody answers at the service's address
"""

from enum import IntEnum


class Exit(IntEnum):
    """How a subcommand ended."""

    #: The job succeeded; the command did what it was asked for.
    OK = 0
    #: The job failed, or the command could not do it.
    FAILED = 1
    #: The command line, the params or a setting were wrong.
    USAGE = 2
    #: The job was cancelled or expired.
    CANCELLED = 3
    #: The service could not be reached.
    UNREACHABLE = 4


class CommandError(Exception):
    """Ends the subcommand with a sentence for the person at the terminal."""

    code = Exit.FAILED


class UsageError(CommandError):
    """The command line, the params or a setting cannot be."""

    code = Exit.USAGE


class Refused(CommandError):
    """The service answered with a problem; ``http`` is the response's code."""

    def __init__(self, text: str, *, http: int) -> None:
        super().__init__(text)
        self.http = http
        #: The same call may go through a little later.
        self.passing = http in {429, 502, 503, 504}
        self.code = Exit.USAGE if http in {400, 404, 413, 415, 422} else Exit.FAILED


class Unreachable(CommandError):
    """Nobody answers at the service's address."""

    code = Exit.UNREACHABLE

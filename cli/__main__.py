"""``python -m cli``: reads the command line and hands it to the subcommand's file."""

import importlib
import sys

from cli.arguments import parse
from cli.errors import CommandError


def main(argv: list[str]) -> int:
    """Runs one subcommand; returns the exit code."""
    arguments = parse(argv)
    command = importlib.import_module(f"cli.{arguments.command}")
    try:
        code: int = command.run(arguments)
    except CommandError as error:
        print(f"tailrace: {error}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        return 1
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

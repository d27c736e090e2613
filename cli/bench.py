"""``tailrace bench``: the measurements of bench/, listed or run."""

import argparse
import ast
import os
import sys
from pathlib import Path

from cli.errors import Exit, UsageError

BENCH = Path(__file__).resolve().parent.parent / "bench"


def run(arguments: argparse.Namespace) -> int:
    """Lists them, tells of one, or becomes its process, so that Ctrl-C and the exit code are its own."""
    if arguments.name is None:
        for name, said in programs().items():
            print(f"{name:<14} {said.splitlines()[0]}")
        return Exit.OK
    text = programs().get(arguments.name)
    if text is None:
        raise UsageError(f"there is no measurement {arguments.name!r}; there are {', '.join(programs())}")
    if not {"-h", "--help"} & set(arguments.options):
        program = [sys.executable, str(BENCH / f"{arguments.name}.py")]
        os.execv(sys.executable, [*program, *arguments.options])  # noqa: S606 - no shell is meant
    #: Read, not run: help needs none of what it measures with.
    print(text)
    return Exit.OK


def programs() -> dict[str, str]:
    """What can be run, with what it says of itself; the other files of the folder are parts of these."""
    sources = {path.stem: path.read_text("utf-8") for path in sorted(BENCH.glob("*.py"))}
    return {
        name: ast.get_docstring(ast.parse(source)) or ""
        for name, source in sources.items()
        if '\nif __name__ == "__main__":\n' in source
    }

"""``tailrace bench``: the comparison with the peers, or another measurement of bench/ by its name."""

import argparse
import ast
import os
import sys
from pathlib import Path
from typing import NoReturn

from cli.errors import Exit, UsageError

BENCH = Path(__file__).resolve().parent.parent / "bench"
#: What runs where no name is given.
COMPARISON = "compare"


def run(arguments: argparse.Namespace) -> int:
    """Lists them, tells of one, or becomes its process, so that Ctrl-C and the exit code are its own."""
    own = _own(arguments)
    if arguments.list:
        for name, said in programs().items():
            print(f"{name:<14} {said.splitlines()[0]}")
        return Exit.OK
    if arguments.name is None:
        _become(COMPARISON, own)
    if own:
        raise UsageError(f"{own[0]} is the comparison's own: options of {arguments.name} stand behind its name")
    text = programs().get(arguments.name)
    if text is None:
        raise UsageError(f"there is no measurement {arguments.name!r}; there are {', '.join(programs())}")
    if not {"-h", "--help"} & set(arguments.options):
        _become(arguments.name, arguments.options)
    #: Read, not run: help needs none of what it measures with.
    print(text)
    return Exit.OK


def _own(arguments: argparse.Namespace) -> list[str]:
    """The options of the comparison, as it takes them."""
    flags = [f"--{name}" for name in ("quick", "write", "guard") if getattr(arguments, name)]
    values = [f"--{name}={value}" for name in ("only", "rounds") if (value := getattr(arguments, name)) is not None]
    return [*flags, *values]


def _become(name: str, options: list[str]) -> NoReturn:
    program = [sys.executable, str(BENCH / f"{name}.py")]
    os.execv(sys.executable, [*program, *options])  # noqa: S606 - no shell is meant


def programs() -> dict[str, str]:
    """What can be run, with what it says of itself; the other files of the folder are parts of these."""
    sources = {path.stem: path.read_text("utf-8") for path in sorted(BENCH.glob("*.py"))}
    return {
        name: ast.get_docstring(ast.parse(source)) or ""
        for name, source in sources.items()
        if '\nif __name__ == "__main__":\n' in source
    }

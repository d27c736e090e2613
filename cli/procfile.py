"""From the Procfile's lines to the commands that are started: no shell, one per process."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from honcho.environ import expand_processes, parse_procfile

from cli.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent
_VARIABLE = re.compile(r"\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")
#: What a shell leaves as it is: a single-quoted part, an escaped dollar; between them, double-quoted parts.
_QUOTED = re.compile(r"'[^']*'|\\.|" + r'"(?:\\.|[^"\\])*"')
#: Stands for a dollar that is not the start of a variable; no line can hold one.
_DOLLAR = "\0"
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
#: What only a shell understands, where no quote protects it.
_FOR_A_SHELL = re.compile(r"[;&|<>()`]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One process to start: its name in the output (``web.1``), words, environment and folder."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: Path


def commands(text: str, *, scale: Mapping[str, int], environ: Mapping[str, str], cwd: Path = ROOT) -> list[Command]:
    """The processes of a Procfile, each line as often as *scale* says (once); UsageError where it cannot be."""
    lines = parse_procfile(_unrepeated(text)).processes
    if not lines:
        raise UsageError("the Procfile has no line of the form  name: command")
    if unknown := sorted(set(scale) - set(lines)):
        raise UsageError(f"--scale names {', '.join(unknown)}, but the Procfile has {', '.join(lines)}")
    return [
        command(process.name, process.cmd, {**environ, "HONCHO_PROCESS_NAME": process.name}, cwd)
        for process in expand_processes(lines, concurrency=scale)
    ]


def command(name: str, line: str, environ: Mapping[str, str], cwd: Path) -> Command:
    """One line without a shell: words, a leading ``exec`` dropped, variables filled in, assignments taken."""
    try:
        words = shlex.split(_QUOTED.sub(_literal, line), comments=False)
    except ValueError as error:
        raise UsageError(f"the Procfile's line {name!r} cannot be read ({error})") from None
    if needs := _FOR_A_SHELL.search(_QUOTED.sub("", line)):
        raise UsageError(f"the Procfile's line {name!r} needs a shell for {needs[0]!r}: write  sh -c '…'")
    if words[:1] == ["exec"]:
        words = words[1:]
    environ = dict(environ)
    while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
        environ[assignment["name"]] = expand(assignment["value"], environ)
        words = words[1:]
    if not words:
        raise UsageError(f"the Procfile's line {name!r} starts nothing")
    return Command(name=name, argv=tuple(expand(word, environ) for word in words), environ=environ, cwd=cwd)


def expand(word: str, environ: Mapping[str, str]) -> str:
    """``$NAME``, ``${NAME}`` and ``${NAME:-default}`` from *environ*; nothing where a name is not set."""

    def value(match: re.Match[str]) -> str:
        return environ.get(match["plain"] or match["name"]) or match["default"] or ""

    return _VARIABLE.sub(value, word).replace(_DOLLAR, "$")


def _literal(match: re.Match[str]) -> str:
    part = match[0]
    return part.replace("$" if part.startswith("'") else r"\$", _DOLLAR)


def _unrepeated(text: str) -> str:
    names = re.findall(r"^([A-Za-z0-9_-]+):\s*\S", text, re.MULTILINE)
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the Procfile names {name!r} twice")
    return text

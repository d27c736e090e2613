"""The command line: every subcommand with its options. Standard library only, so that help needs no .venv."""

import argparse
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

EXIT_CODES = """\
exit codes:
  0  the job succeeded
  1  the job failed, or the service refused
  2  the command line or the params were wrong
  3  the job was cancelled or expired
  4  the service could not be reached
"""
PARAMS = """\
params:
  key=value     read as the job type's schema says: number, boolean, text, JSON for lists and objects
  key:=json     read as JSON, whatever the schema says
  key=@path     uploads the file and gives its id
  @path         the same, for the param that is a file

"""
TEST_NOTE = """\
Arguments that are not named here go to pytest:  ./tailrace test tests/jobs -k cursor
"""
BENCH_NOTE = """\
Without a name it compares the service with its peers: docs/performance.md has what that found.
The decision matrix of docs/transports.md:  ./tailrace bench transports
"""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The subcommand in ``command`` and its options; ends the process with a usage text where they are wrong."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if arguments.command == "submit":
        #: argparse leaves over the params that stand behind an option.
        arguments.params += [word for word in rest if not word.startswith("-")]
        rest = [word for word in rest if word.startswith("-")]
    if rest and arguments.command != "test":
        parser.error(f"unknown arguments: {' '.join(rest)}")
    arguments.rest = rest
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tailrace",
        description="Runs long analysis jobs and streams their progress.",
        epilog="First steps:  ./tailrace demo     Then:  ./tailrace up",
    )
    parser.add_argument("--version", action="version", version=f"tailrace {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (summary, options) in _COMMANDS.items():
        options(
            commands.add_parser(
                name,
                help=summary,
                description=summary,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return parser


def _version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


def _up(parser: argparse.ArgumentParser) -> None:
    _place(parser)
    parser.add_argument("--scale", type=_scale, default={}, metavar="web=2,worker=3", help="processes of each line")
    parser.add_argument("--concurrency", type=_count, metavar="N", help="jobs that one worker runs at a time (2)")
    parser.add_argument("-f", "--procfile", type=Path, default=ROOT / "Procfile", metavar="FILE", help="(Procfile)")


def _demo(parser: argparse.ArgumentParser) -> None:
    _place(parser)
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")


def _place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="the address to bind (TAILRACE_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=_port, help="the port to bind; 0 takes a free one (PORT, 8000)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where everything is kept (TAILRACE_DATA, ./data)")


def _submit(parser: argparse.ArgumentParser) -> None:
    parser.epilog = PARAMS + EXIT_CODES
    parser.add_argument("type", metavar="TYPE", help="the job type, e.g. report")
    parser.add_argument("params", nargs="*", metavar="key=value | @file")
    parser.add_argument("--watch", action=argparse.BooleanOptionalAction, default=True, help="follow it to its end")
    parser.add_argument("--label", action="append", default=[], type=_pair, metavar="KEY=VALUE", dest="labels")
    parser.add_argument("--priority", type=int, metavar="N", help="0 is last, 9 first (5)")
    parser.add_argument("--timeout-seconds", type=float, metavar="S")
    parser.add_argument("--max-attempts", type=int, metavar="N")
    parser.add_argument("--delay-seconds", type=float, metavar="S")
    parser.add_argument("--expires-in-seconds", type=float, metavar="S")
    parser.add_argument("--concurrency-key", metavar="KEY", help="jobs of one key run one after another")
    parser.add_argument(
        "--cancel-when-unwatched-seconds", type=float, metavar="S", help="cancel it once nobody watched for so long"
    )
    parser.add_argument("--idempotency-key", metavar="KEY", help="the same key again gives the same job")
    _service(parser)


def _watch(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXIT_CODES
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--after", metavar="CURSOR", help="begin after this event's id; 0: from the first")
    _service(parser)


def _cancel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--reason", metavar="TEXT")
    parser.add_argument("--grace-seconds", type=float, metavar="S", help="what the job gets to end by itself (5)")
    _service(parser)


def _service(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a drawing")
    parser.add_argument("--url", help="the service (TAILRACE_URL, http://127.0.0.1:8000)")
    parser.add_argument("--token", help="what it asks for (TAILRACE_TOKEN; there it is not seen in a process list)")


def _test(parser: argparse.ArgumentParser) -> None:
    parser.epilog = TEST_NOTE
    parser.add_argument("--soak", action="store_true", help="random kills and cuts against a running service instead")
    parser.add_argument("--seconds", type=float, default=300, metavar="S", help="how long the soak lasts (300)")
    parser.add_argument("--jobs", type=_count, metavar="N", help="jobs that it has in all (as many as fit)")
    parser.add_argument("--seed", type=int, metavar="N", help="repeats the soak of that seed")


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.epilog = BENCH_NOTE
    parser.add_argument("--list", action="store_true", help="say which measurements there are")
    parser.add_argument("--quick", action="store_true", help="one short round of the comparison")
    parser.add_argument("--only", metavar="S1,S2", help="of the comparison, these scenarios")
    parser.add_argument("--rounds", type=_count, metavar="N", help="rounds that the medians are of (3)")
    parser.add_argument("--write", action="store_true", help="tell what was found in docs/performance.md")
    parser.add_argument("--guard", action="store_true", help="a minute's look at the ratios that must not slip")
    parser.add_argument("name", metavar="NAME", nargs="?", help="another measurement instead")
    parser.add_argument("options", metavar="OPTION", nargs=argparse.REMAINDER, help="its own: --help tells them")


def _doctor(parser: argparse.ArgumentParser) -> None:
    _place(parser)


def _scale(text: str) -> dict[str, int]:
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): _count(number, least=0) for name, _, number in pairs}


def _count(text: str, *, least: int = 1) -> int:
    if not text.strip().isdecimal() or not least <= int(text) <= 1000:  # noqa: PLR2004 - a typing slip, not a wish
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to 1000")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the last port
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "up": ("Run the Procfile in the foreground and keep it running.", _up),
    "demo": ("Start everything, analyse the sample file, show its progress.", _demo),
    "submit": ("Submit a job and follow it.", _submit),
    "watch": ("Follow a job to its end.", _watch),
    "cancel": ("End a job.", _cancel),
    "test": ("Run everything that CI runs.", _test),
    "bench": ("Measure: the service beside its peers, or one thing by its name.", _bench),
    "doctor": ("Say what was found, what is missing and how to mend it.", _doctor),
}

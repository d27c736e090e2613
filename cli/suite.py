"""All checks and all tests: side by side what bears company, then crowds and browsers, then what needs the machine."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, parse

from cli.errors import CommandError, Exit
from cli.family import Family

BIN = Path(sys.prefix) / "bin"
CHECKS = {
    "ruff": ("ruff", "check", "."),
    "mypy": ("mypy",),
    "imports": ("lint-imports",),
}
#: More than there are processors, for many tests mostly wait; not many more, for each brings services of its own.
WORKERS = min((os.cpu_count() or 1) + 2, 6)
_SPREAD = ("--dist", "loadfile", "--no-loadscope-reorder", "-m")
#: Crowds and browsers bear one other beside them; what keeps time fails where something else takes its processor.
PHASES = {
    "together": ("-n", str(WORKERS), *_SPREAD, "not (alone or crowd or browser)"),
    "in pairs": ("-n", "2", *_SPREAD, "crowd or browser"),
    "alone": ("-m", "alone and not (crowd or browser)"),
}
#: A machine of two cores is short of time while several services run on it: what failed is run once more by itself,
#: and told as unsteady where it passes then. Both are faults to be mended; only the one fails the run.
ONCE_MORE = ("--last-failed", "--last-failed-no-failures=none")
#: pytest's exit code where no test was collected.
NO_TESTS = 5


@dataclass(frozen=True, slots=True)
class Check:
    """A linter at work, and the file that it writes to."""

    name: str
    process: "subprocess.Popen[bytes]"
    output: Path

    def passed(self) -> bool:
        """Waits for its end, and shows what it said in one piece."""
        code = self.process.wait()
        print(f"\n{self.name}: {'failed' if code else 'passed'}\n{self.output.read_text()}", end="", flush=True)
        return code == 0


def some(root: Path, words: Sequence[str]) -> int:
    """One run of pytest with *words*."""
    with Family(root, _environ()) as family:
        return Exit.OK if _tested(family, words) else Exit.FAILED


def whole(root: Path) -> int:
    """Everything; the linters run beside the first tests and are shown after them."""
    with tempfile.TemporaryDirectory(prefix="tailrace-test-") as folder, Family(root, _environ()) as family:
        checks = [_check(family, name, Path(folder, name)) for name in CHECKS]
        failed, broken = list[str](), list[str]()
        reports: list[Path] = []
        for name, words in PHASES.items():
            #: What failed in an earlier run is no matter of this one.
            own = [] if reports else ["--cache-clear"]
            reports.append(Path(folder, f"{name}.xml"))
            broken += [] if _tested(family, [*words, *own, f"--junitxml={reports[-1]}"]) else [f"tests {name}"]
            failed += [check.name for check in checks if not check.passed()]
            checks.clear()
        if broken and _tested(family, ONCE_MORE):
            print(f"\nunsteady, they failed beside others: {', '.join(_failures(reports))}", flush=True)
            broken.clear()
        print(f"\nin total: {_total(reports)}", flush=True)
    return _verdict([*failed, *broken])


def _verdict(failed: Sequence[str]) -> int:
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return Exit.FAILED if failed else Exit.OK


def _check(family: Family, name: str, output: Path) -> Check:
    return Check(name, family.start(_command(*CHECKS[name]), output=output), output)


def _tested(family: Family, words: Sequence[str]) -> bool:
    code = family.start(_command("pytest", *words)).wait()
    if code == NO_TESTS:
        print("no test was collected", file=sys.stderr)
    return code == 0


def _command(name: str, *words: str) -> list[str]:
    if not shutil.which(BIN / name):
        raise CommandError(f"{name} is missing; ./tailrace test brings it into .venv")
    return [str(BIN / name), *words]


def _environ() -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}


def _failures(reports: Iterable[Path]) -> list[str]:
    """The names of the tests that failed, or could not begin."""
    cases = [case for tree in _trees(reports) for case in tree.iter("testcase")]
    return [case.get("name", "") for case in cases if {"failure", "error"} & {part.tag for part in case}]


def _total(reports: Iterable[Path]) -> str:
    """How many tests ended how; the figure stands last, so that nobody who adds up pytest's lines counts it again."""
    counts: Counter[str] = Counter()
    for suite in (suite for tree in _trees(reports) for suite in tree.iter("testsuite")):
        counts.update({name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")})
    passed = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    return f"passed {passed}, failed {counts['failures']}, errors {counts['errors']}, skipped {counts['skipped']}"


def _trees(reports: Iterable[Path]) -> "list[ElementTree[Element[str]]]":
    return [parse(report) for report in reports if report.exists()]  # noqa: S314 - pytest wrote it

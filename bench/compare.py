"""The whole service against its peers, side by side: what each costs, bears and holds, and the bars to be reached.

    ./tailrace bench [--quick] [--only s1,s2] [--rounds 3] [--write] [--guard]

Starts each server afresh on one core, Redis and a load generator in C on another, the subjects in turn within a round;
figures are medians over the rounds, ratios first. The peers are installed into data/bench on first use; whoever cannot
be had is left out, and it is said what is missing. What was found is kept in data/bench/figures.json, where --only
leaves the other scenarios as they were, and with --write told in docs/performance.md. --guard takes a good minute,
needs no peers, and fails where one of a few ratios has slipped.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench.field.figures import Bar, Figures  # noqa: E402 - the root stands on the path from here on
from bench.field.ground import FOLDER, Field  # noqa: E402
from bench.field.report import bars_of, table_of_bars, written  # noqa: E402
from bench.field.scenarios import SCENARIOS, SUBJECTS  # noqa: E402
from bench.matrix import machine  # noqa: E402

FOUND = FOLDER / "figures.json"


def compared(field: Field, names: Sequence[str], rounds: int, *, quick: bool) -> Figures:
    """What each scenario finds; kept after each, beside what others found before."""
    field.prepare(subject for name in names for subject in _subjects(SCENARIOS[name], quick=quick))
    print(f"({_elapsed():.0f} s until all is installed)", flush=True)
    kept, made = Figures.read(FOUND) if FOUND.exists() else (Figures(), {})
    kept = kept.without(anew(names))
    how = f"{rounds} {'short ' if quick else ''}round{'s' if rounds > 1 else ''}"
    for name in names:
        scenario, begun = SCENARIOS[name], time.monotonic()
        print(f"\n{name}: {scenario.TITLE}", flush=True)
        for figure in scenario.measure(field, rounds, quick):
            field.found.add(figure)
            kept.add(figure)
            print(f"  {figure.subject:<16} {figure.name:<44} {figure.median:>14,.3f} {figure.unit}", flush=True)
        print(f"  ({time.monotonic() - begun:.0f} s)", flush=True)
        made[scenario.NAME] = f"{machine()}; {how}"
        kept.written(FOUND, made)
    print(f"\n({_elapsed():.0f} s in all)", flush=True)
    return field.found


def _subjects(scenario: Any, *, quick: bool) -> Sequence[str]:
    """Whom it measures; fewer, where it says so, of a quick one."""
    named: Sequence[str] = getattr(scenario, "QUICK", scenario.SUBJECTS) if quick else scenario.SUBJECTS
    return named


def anew(names: Sequence[str]) -> set[str]:
    """The scenarios that are measured as a whole: of what was found of them before nothing stays."""
    rest = {scenario.NAME for name, scenario in SCENARIOS.items() if name not in names}
    return {SCENARIOS[name].NAME for name in names} - rest


def _elapsed() -> float:
    """Seconds since this process has begun."""
    return time.time() - psutil.Process().create_time()


def guarded(field: Field) -> list[Bar]:
    """The few ratios that are watched all the time; what has slipped is measured once more."""
    bars: list[Bar] = []
    for name, scenario in SCENARIOS.items():
        if not hasattr(scenario, "guard"):
            continue
        begun = time.monotonic()
        found = _looked(field, scenario)
        if any(bar.held is False for bar in found):
            print(f"{name}: once more", flush=True)
            found = _looked(field, scenario)
        print(f"  ({time.monotonic() - begun:.0f} s)", flush=True)
        bars += found
    return bars


def _looked(field: Field, scenario: Any) -> list[Bar]:
    print(f"\n{scenario.NAME}: {scenario.TITLE}", flush=True)
    return list(scenario.guard_bars(Figures(scenario.guard(field))))


def main() -> int:
    given = _given()
    if sys.platform != "linux":
        sys.exit("The comparison gives each server a processor core and reads its clocks: it runs on Linux.")
    if given.guard and len(os.sched_getaffinity(0)) == 1:
        print("The ratios say nothing where the server and all that loads it share one core: nothing was measured.")
        return 0
    field = Field(SUBJECTS)
    try:
        if given.guard:
            bars = guarded(field)
        else:
            figures = compared(field, given.only, given.rounds or (1 if given.quick else 3), quick=given.quick)
            bars = bars_of(figures)
            if given.write:
                written(HERE.parent / "docs", FOUND)
    finally:
        field.stop()
    print(f"\n{table_of_bars(bars)}")
    return int(given.guard and any(bar.held is False for bar in bars))


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round: a look, not a measurement")
    parser.add_argument("--only", type=_names, default=list(SCENARIOS), metavar="S1,S2", help=", ".join(SCENARIOS))
    parser.add_argument("--rounds", type=int, help="(3; with --quick 1)")
    parser.add_argument("--write", action="store_true", help="tell what was found in docs/performance.md")
    parser.add_argument("--guard", action="store_true", help="a minute's look at the ratios that must not slip")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'none'}: there are {', '.join(SCENARIOS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())

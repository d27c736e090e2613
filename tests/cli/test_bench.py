"""``bench``: every measurement is listed, explained and run under its name."""

import subprocess
import sys

from cli.bench import BENCH, programs
from tests.service import ROOT


def bench(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", "bench", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_it_lists_every_measurement_with_a_line() -> None:
    lines = bench("--list").stdout.splitlines()

    assert {"cancel", "compare", "publish", "queue_depth", "transports"} <= {line.split()[0] for line in lines}
    assert len(lines) == len(programs())
    assert all(line.endswith(".") and line[14:].strip() for line in lines)


def test_what_a_measurement_says_of_itself_is_its_help_and_nothing_runs() -> None:
    done = bench("transports", "--help")

    assert done.returncode == 0
    assert done.stdout.strip() == programs()["transports"]


def test_without_a_name_the_comparison_runs_and_takes_its_options() -> None:
    done = bench("--quick", "--only", "s77")

    assert done.returncode == 2
    assert "s77" in done.stderr
    assert "s1" in done.stderr


def test_an_option_of_the_comparison_is_none_of_another_measurement() -> None:
    done = bench("--quick", "transports")

    assert done.returncode == 2
    assert "--quick" in done.stderr


def test_a_name_that_is_none_is_a_slip_of_the_command_line() -> None:
    done = bench("transport")

    assert done.returncode == 2
    assert "transports" in done.stderr


def test_options_reach_the_measurement_and_its_exit_code_comes_back() -> None:
    done = bench("queue_depth", "--jobs", "many")

    assert done.returncode == 2
    assert "--jobs" in done.stderr


def test_a_part_of_a_measurement_is_not_offered() -> None:
    assert (BENCH / "jobs_of_cancel.py").exists()
    assert "jobs_of_cancel" not in programs()

"""The Procfile's lines, read without a shell."""

from pathlib import Path

import pytest

from cli.errors import UsageError
from cli.procfile import command, commands, expand
from jobs.settings import Settings
from tests.pages import section

ROOT = Path(__file__).resolve().parents[2]


def words(line: str, **environ: str) -> list[str]:
    return list(command("x", line, environ, ROOT).argv)


def test_a_leading_exec_is_dropped() -> None:
    assert words("exec gunicorn app") == ["gunicorn", "app"]


def test_variables_are_filled_in() -> None:
    assert words("a $PORT ${PORT}0 ${NONE}x ${NONE:-d} $NONE", PORT="80") == ["a", "80", "800", "x", "d", ""]


def test_a_value_with_spaces_stays_one_word() -> None:
    assert words("a $B", B="c d") == ["a", "c d"]


def test_quotes_protect_as_in_a_shell() -> None:
    assert words("""sh -c 'echo $A' "b $A" \\$A "it's $A" "\\$A" """, A="1") == [
        "sh", "-c", "echo $A", "b 1", "$A", "it's 1", "$A",
    ]  # fmt: skip


def test_assignments_before_the_command_are_its_environment() -> None:
    made = command("x", "exec A=1 B=${HOME}/b run C=2", {"HOME": "/h"}, ROOT)
    assert made.argv == ("run", "C=2")
    assert (made.environ["A"], made.environ["B"]) == ("1", "/h/b")


def test_an_unset_variable_is_nothing() -> None:
    assert expand("a${B}c$D", {}) == "ac"


@pytest.mark.parametrize("line", ["a | b", "a && b", "a; b", "a 2>&1", "a $(b)", "a > b", "a &"])
def test_a_line_for_a_shell_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="needs a shell"):
        words(line)


@pytest.mark.parametrize("line", ["exec", "A=1", "a 'b"])
def test_a_line_that_starts_nothing_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="'x'"):
        words(line)


def test_each_line_runs_once_or_as_often_as_scaled() -> None:
    made = commands("web: a\n# note\nworker: b\nclock: c\n", scale={"worker": 2, "clock": 0}, environ={})
    assert [c.name for c in made] == ["web.1", "worker.1", "worker.2"]


def test_a_name_stands_once() -> None:
    with pytest.raises(UsageError, match="'web' twice"):
        commands("web: a\nweb: b\n", scale={}, environ={})


def test_ours_has_a_web_and_a_worker_line_that_start_with_exec() -> None:
    text = (ROOT / "Procfile").read_text(encoding="utf-8")
    assert [line.split()[:2] for line in text.splitlines()] == [["web:", "exec"], ["worker:", "exec"]]
    assert [c.name for c in commands(text, scale={}, environ={})] == ["web.1", "worker.1"]


def test_the_documented_lines_of_several_workers_are_lines_and_settings() -> None:
    block = next(
        block for block in section("docs/operations.md", "Several workers").split("```") if "worker-io" in block
    )
    found = commands(block.strip(), scale={"worker-io": 2}, environ={"REDIS_URL": "redis://here"}, cwd=Path())
    assert [each.name for each in found] == ["web.1", "worker.1", "worker-gpu.1", "worker-io.1", "worker-io.2"]
    given = [dict(word.split("=") for word in each.argv if "=" in word) for each in found[1:]]
    settings = [Settings.from_env({"REDIS_URL": "redis://here", **each}) for each in given]
    assert [each.queues for each in settings] == [("default",), ("gpu",), ("io",), ("io",)]
    assert settings[-1].pool == "threads"

"""``doctor``: what a machine has and lacks."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli import doctor
from tests.cli.conftest import environment
from tests.service import RedisServer, free_port


def test_doctor_says_what_was_found(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "cli", "doctor", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    for what in ("Python", "Redis", "Disk", "Open files", "Chromium"):
        assert what in done.stdout


def test_doctor_ends_with_1_when_something_needed_is_missing(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "cli", "doctor", "--data", str(tmp_path)]
    wrong = environment(TAILRACE_HOST="0.0.0.0", REDIS_URL="redis://127.0.0.1:9")  # noqa: S104 - it is refused
    done = subprocess.run(words, env=wrong, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "TAILRACE_TOKEN" in done.stdout
    assert "nobody answers" in done.stdout


def test_doctor_names_the_job_types_that_are_carried_and_those_that_a_pool_leaves_out() -> None:
    [carried] = doctor.job_types(environment())
    assert carried.level is doctor.Level.GOOD
    assert "generate" in carried.said
    carried, left_out = doctor.job_types(environment(TAILRACE_POOL="gevent"))
    assert "generate" not in carried.said
    assert left_out.level is doctor.Level.WANTED
    assert left_out.said.startswith("generate: left out")


def test_doctor_says_which_module_of_job_types_is_missing() -> None:
    [finding] = doctor.job_types(environment(TAILRACE_JOBS="no_such_module"))
    assert finding.level is doctor.Level.NEEDED
    assert "no_such_module" in finding.said


@pytest.mark.parametrize("form", ["redis+cluster://:secret@{}", "redis+sentinel://:secret@{}/shop"])
def test_doctor_knocks_at_every_node_and_one_that_answers_is_enough(form: str, shared_redis: RedisServer) -> None:
    here, nowhere = f"127.0.0.1:{shared_redis.port}", f"127.0.0.1:{free_port()}"
    found = {
        places: next(doctor.redis({"REDIS_URL": form.format(places)}))
        for places in (here, f"{nowhere},{here}", nowhere)
    }

    assert [finding.level.name for finding in found.values()] == ["GOOD", "WANTED", "NEEDED"]
    assert "1 of 2 do not answer" in found[f"{nowhere},{here}"].said
    assert not any("secret" in finding.said for finding in found.values())


def test_doctor_says_what_a_url_must_be() -> None:
    [finding] = doctor.redis({"REDIS_URL": "redis+sentinel://:secret@one:26379"})

    assert finding.level is doctor.Level.NEEDED
    assert "REDIS_URL must end with the name of the service" in finding.said
    assert "secret" not in finding.said

"""docker-compose.yml, Dockerfile, Procfile and .ci/run say what the documents promise."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return made


def test_redis_web_and_worker_each_have_a_health_check_and_a_volume(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"redis", "web", "worker"}
    for service in compose["services"].values():
        assert service["healthcheck"]["test"]
        named = [volume.split(":")[0] for volume in service["volumes"]]
        assert set(named) <= set(compose["volumes"])


def test_workers_can_be_scaled(compose: dict[str, Any]) -> None:
    assert not {"container_name", "ports", "hostname"} & set(compose["services"]["worker"])


def test_the_open_port_asks_for_a_token(compose: dict[str, Any]) -> None:
    web = compose["services"]["web"]
    assert web["environment"]["TAILRACE_HOST"] == "0.0.0.0"  # noqa: S104 - inside the container
    for name in ("web", "worker"):
        assert compose["services"][name]["environment"]["TAILRACE_TOKEN"].startswith("${TAILRACE_TOKEN:?")


def test_only_the_web_tier_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["web"]


def test_web_and_worker_share_the_folder_of_uploads_and_artifacts(compose: dict[str, Any]) -> None:
    web, worker = compose["services"]["web"], compose["services"]["worker"]
    assert web["volumes"] == worker["volumes"]
    assert web["environment"]["TAILRACE_DATA"] == worker["environment"]["TAILRACE_DATA"] == "/data"


def test_the_log_is_neither_evicted_nor_kept_in_memory_only(compose: dict[str, Any]) -> None:
    command = compose["services"]["redis"]["command"]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_containers_run_what_the_procfile_runs(compose: dict[str, Any]) -> None:
    for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines():
        name, command = line.split(": exec ")
        assert compose["services"][name]["command"] == command


def test_the_container_does_not_run_as_root() -> None:
    assert "\nUSER tailrace\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_a_worker_is_given_the_time_that_its_jobs_get(compose: dict[str, Any]) -> None:
    grace = int(re.sub(r"\D", "", compose["services"]["worker"]["stop_grace_period"]))
    assert grace > 20  # TAILRACE_DRAIN_SECONDS


def test_docker_compose_can_read_it() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker compose here")
    words = [docker, "compose", "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    given = {**os.environ, "TAILRACE_TOKEN": "a-token-for-the-test"}
    subprocess.run(words, env=given, check=True)
    given.pop("TAILRACE_TOKEN")
    assert subprocess.run(words, env=given, capture_output=True, check=False).returncode != 0


def test_ci_runs_the_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\n./tailrace test </dev/null\n" in script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)

"""What a worker carries, and what its pool leaves out."""

import json
import sys

import pytest

from jobs.errors import SettingsError
from jobs.settings import Settings
from worker.carried import carried, main


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def settings(pool: str, jobs: str = "worker.catalogue") -> Settings:
    return Settings.from_env({"REDIS_URL": "redis://nowhere", "TAILRACE_POOL": pool, "TAILRACE_JOBS": jobs})


@pytest.mark.parametrize(("pool", "left_out"), [("prefork", []), ("threads", []), ("gevent", ["generate"])])
def test_only_gevent_leaves_out_what_awaits(pool: str, left_out: list[str]) -> None:
    found = carried(settings(pool))
    assert found.left_out == left_out
    assert {"hello", "report", "generate"} - found.kinds.keys() == set(left_out)


def test_a_worker_that_would_carry_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"gevent cannot run async job types \(generate\)"):
        carried(settings("gevent", "worker.catalogue.generate.job"))


def test_the_doctor_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://nowhere")
    monkeypatch.setenv("TAILRACE_JOBS", "worker.catalogue.hello,worker.catalogue.generate.job")
    monkeypatch.setenv("TAILRACE_POOL", "gevent")
    assert main() == 0
    assert json.loads(capsys.readouterr().out) == {"carried": ["hello"], "left_out": ["generate"]}


def test_the_doctor_is_told_what_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://nowhere")
    monkeypatch.setenv("TAILRACE_JOBS", "no_such_module")
    assert main() == 1
    assert "no_such_module" in capsys.readouterr().err

"""The soak itself, for a few seconds: it passes on a sound service, and finds what is wrong with one that is not."""

import argparse
import tempfile
from pathlib import Path

import pytest

from cli import soak
from cli.errors import Exit
from tests.service import ROOT

pytestmark = pytest.mark.acceptance


@pytest.fixture(autouse=True)
def our_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What ``./tailrace`` gives to whatever it starts; a soak that failed leaves its folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(seconds: float, jobs: int) -> int:
    return soak.run(argparse.Namespace(seconds=seconds, jobs=jobs, seed=5))


def test_a_few_seconds_of_faults_cost_no_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(6, 12) == Exit.OK
    told = capsys.readouterr()
    assert "soak: 12 passed, 0 failed" in told.out
    assert told.err == ""


def test_a_service_that_forgets_what_was_done_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """These jobs call each durable step twice, past the service."""
    source = (soak.JOBS / "survivors.py").read_text("utf-8")
    again = 'self.diary.mark("called", step)\n'
    assert again in source
    (tmp_path / "survivors.py").write_text(source.replace(again, f"{again}        {again}"), "utf-8")
    monkeypatch.setattr(soak, "JOBS", tmp_path)
    assert run(1, 4) == Exit.FAILED
    told = capsys.readouterr()
    assert "called 'read' twice" in told.err
    assert "seed 5; the service's log: " in told.err

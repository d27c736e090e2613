import signal
import subprocess
import sys

import pytest

from tests.service import ROOT

PREFACE = """
import os, signal, subprocess, sys, time
from worker.spared import spared
"""


def _run(script: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: its end is what is looked at."""
    return subprocess.run(
        [sys.executable, "-c", PREFACE + script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("number", ["SIGTERM", "SIGQUIT"])
def test_a_signal_in_mid_job_ends_the_process_once_the_job_is_done(number: str) -> None:
    done = _run(f"""
with spared():
    os.kill(os.getpid(), signal.{number})
    print("the job goes on", flush=True)
print("and nothing follows it", flush=True)
""")
    assert done.stdout == "the job goes on\n"
    assert done.returncode == -signal.SIGTERM


def test_what_a_job_begins_can_be_ended_as_ever() -> None:
    done = _run("""
with spared():
    program = subprocess.Popen([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=-1)
    program.stdout.read(1)
    program.terminate()
    print(program.wait(20))
    ready, up = os.pipe()
    child = os.fork()
    if not child:
        os.write(up, b"x")
        time.sleep(60)
    os.read(ready, 1)
    os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
""")
    assert done.stdout == "-15\n-15\n"
    assert done.returncode == 0

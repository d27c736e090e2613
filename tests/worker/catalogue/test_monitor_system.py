"""The machine that the worker runs on."""

import subprocess
import sys

import pytest

from worker.catalogue.monitor import system, targets
from worker.catalogue.monitor.params import Params
from worker.catalogue.monitor.probes import probes_of
from worker.outcomes import JobFailed

MACHINE = [{"kind": kind} for kind in ("cpu", "memory", "swap", "disk", "network", "load")]


def test_the_machine_gives_its_figures_under_the_names_that_the_params_promise() -> None:
    params = Params.model_validate({"targets": MACHINE})
    probes = probes_of(params, anew=True)
    found = {name: value for probe in probes.local.values() for name, value in probe.read().values.items()}
    assert set(found) == set(params.units())
    assert all(value >= 0 for value in found.values())
    assert 0 < found["memory"] < 100
    assert not probes.remote


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"kind": "disk", "mount": "/no/such/place"}, "no_such_mount"),
        ({"kind": "disk", "mount": "/etc"}, "no_such_mount"),
        ({"kind": "network", "interface": "none0"}, "no_such_interface"),
    ],
)
def test_what_the_machine_does_not_have_ends_the_job_before_it_begins(target: dict[str, str], code: str) -> None:
    params = Params.model_validate({"targets": [target]})
    with pytest.raises(JobFailed) as failed:
        probes_of(params, anew=True)
    assert failed.value.code == code


def test_what_the_next_machine_does_not_have_is_an_outage_of_a_watch_that_goes_on() -> None:
    params = Params.model_validate({"targets": [{"kind": "disk", "mount": "/no/such/place"}]})
    probe = probes_of(params, anew=False).local["disk"]
    with pytest.raises(Exception, match="No file system is mounted"):
        probe.read()


def test_a_process_has_figures_until_it_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        probe = system.Process(targets.Process(kind="process", pid=child.pid))
        alive = probe.read().values
        child.communicate(b"\n")
    assert alive["process.alive"] == 1
    assert alive["process.memory"] > 0
    assert set(alive) == {"process.cpu", "process.memory", "process.alive"}
    assert probe.read().values == {"process.alive": 0}
    assert system.Process(targets.Process(kind="process", pid=child.pid)).read().values == {"process.alive": 0}

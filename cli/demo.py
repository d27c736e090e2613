"""``tailrace demo``: a stranger's first minute; everything started, the sample analysed, everything ended."""

import argparse
import contextlib
import os
from pathlib import Path

import httpx
from rich.console import Console

from cli import port as ports
from cli.background import Background, options_of, running
from cli.errors import CommandError, Exit
from cli.params import read_params
from cli.service import Json, Service
from cli.submit import schema
from cli.text import clean
from cli.watching import watch

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "examples" / "data"
JOB_TYPE = "report"
DEFAULT_PORT = 8000


def run(arguments: argparse.Namespace) -> int:
    """0 when the sample's analysis succeeded."""
    console = Console()
    sample, data = _sample(), (arguments.data or ROOT / "data" / "demo").absolute()
    log = data / "up.log"
    console.print(f"Starting Tailrace (its log: {log})", markup=False, highlight=False, soft_wrap=True)
    with running(options_of(arguments, data, _port(arguments)), log) as background:
        address = background.ready()
        #: Closed before the end: a connection that stays open would be waited for.
        with contextlib.closing(Service(address, os.environ.get("TAILRACE_TOKEN"))) as service:
            code = _analyse(service, sample, console, data / "artifacts")
        _farewell(console, address, background, keep=arguments.keep)
    return code


def _analyse(service: Service, sample: Path, console: Console, kept: Path) -> int:
    console.print(f"Analysing {sample.name}\n", markup=False, highlight=False)
    params = read_params([f"@{sample}"], schema(service.job_type(JOB_TYPE)), service.upload)
    job = service.submit({"type": JOB_TYPE, "params": params})
    code = watch(service, job["id"])
    if code == Exit.OK:
        _keep(service, service.job(job["id"]), console, kept)
    return code


def _keep(service: Service, job: Json, console: Console, kept: Path) -> None:
    """Copies the artifacts to where they can be opened when the service is gone."""
    kept.mkdir(parents=True, exist_ok=True)
    for artifact in job["artifacts"]:
        name = Path(clean(artifact["name"])).name
        with contextlib.suppress(OSError, httpx.HTTPError):
            service.download(artifact["url"], kept / name)
    console.print(f"\nThe artifacts are kept in {kept}", markup=False, highlight=False, soft_wrap=True)


def _farewell(console: Console, address: str, background: Background, *, keep: bool) -> None:
    if not keep:
        text = f"The page was at {address}/  (./tailrace demo --keep leaves it running)"
        console.print(text, highlight=False, soft_wrap=True)
        return
    console.print(f"The page is at {address}/  Ctrl-C ends it.", highlight=False)
    with contextlib.suppress(KeyboardInterrupt):
        background.wait()


def _sample() -> Path:
    found = sorted(SAMPLES.glob("*.csv"))
    if not found:
        raise CommandError(f"there is no sample in {SAMPLES}")
    return found[0]


def _port(arguments: argparse.Namespace) -> int:
    """The one asked for, else the usual one if nobody has it, else any."""
    if arguments.port is not None:
        return int(arguments.port)
    wanted = os.environ.get("PORT", "")
    return ports.free(arguments.host or "127.0.0.1", (int(wanted) if wanted.isdecimal() else DEFAULT_PORT, 0))

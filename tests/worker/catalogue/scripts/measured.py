"""Run a report in a process of its own and print what it took: first progress, what was loaded then, seconds, KiB."""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[4]))

from jobs import events as ev
from worker.blame import Blame
from worker.catalogue import report_job
from worker.context import Context
from worker.fraction import Fraction
from worker.verdict import Verdict

FILE, HEAVY = Path(sys.argv[1]), sys.argv[2].split()
seen = SimpleNamespace(first=None, loaded=[])


class Sink:
    verdict = Verdict()

    def emit(self, event: ev.AnyEvent, size: int) -> None:
        if seen.first is None and isinstance(event, ev.StepProgressed) and size:
            seen.first, seen.loaded = time.monotonic() - began, [name for name in HEAVY if name in sys.modules]


class Files:
    def fetch(self, file_id: str, folder: Path) -> tuple[Path, str]:
        return (FILE, FILE.name) if file_id and folder else (FILE, "")

    def keep(self, name: str, chunks: Iterator[bytes], media_type: str) -> ev.ArtifactReady:
        size = sum(map(len, chunks))
        return ev.ArtifactReady(id=name, name=name, media_type=media_type, bytes=size, sha256="0" * 64, url="/x")


with tempfile.TemporaryDirectory() as workdir:
    context = Context(
        "job",
        attempt=1,
        sink=Sink(),
        files=Files(),
        workdir=Path(workdir),
        fraction=Fraction(report_job.steps),
        blame=Blame("job"),
    )
    began = time.monotonic()
    result = report_job.run(context, report_job.read({"file": "0" * 26}))
    seconds = time.monotonic() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.stdout.write(f"{seen.first} {len(seen.loaded)} {seconds} {peak} {result['rows']} {result['columns']}\n")

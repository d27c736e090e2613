"""Which files of tests go to one process: those that share what is dear to make."""

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadFileScheduling

STATISTICS = "what loads libraries of statistics and charts, for seconds"
#: By what a file names; one that names none of this is a family of its own.
FAMILIES = {
    "wide_service": "what asks a service of many processes",
    "report_job": STATISTICS,
    "report.trends": STATISTICS,
    "train_job": STATISTICS,
}


@cache
def family(path: Path) -> str:
    text = path.read_text("utf-8")
    return next((name for word, name in FAMILIES.items() if word in text), str(path))


class Families(LoadFileScheduling):
    """As ``--dist loadfile``, but a family stays together: else each process makes for itself what its files share."""

    def _split_scope(self, nodeid: str) -> str:
        return family(self.config.rootpath / super()._split_scope(nodeid))

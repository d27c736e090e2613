"""Which of all jobs a reader of many wants."""

from dataclasses import dataclass
from typing import Any

from jobs.eventlog import Subject

#: The id that a reading of many jobs has in a job's place.
MANY = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A job passes that is one of *jobs* and of *types* (where any are given) and has all of *labels*."""

    jobs: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    labels: frozenset[tuple[str, str]] = frozenset()

    def passes(self, subject: Subject | None) -> bool:
        """None, a job that is gone, passes nothing."""
        return (
            subject is not None
            and (not self.jobs or subject.id in self.jobs)
            and (not self.types or subject.type in self.types)
            and self.labels <= subject.labels
        )

    @property
    def words(self) -> dict[str, Any]:
        """What ``stream.open`` repeats of it."""
        labels = sorted(f"{name}:{value}" for name, value in self.labels)
        return {"jobs": sorted(self.jobs), "type": sorted(self.types), "label": labels}

"""What a look at a target gives: its figures by metric, or the reason why there are none."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

log = logging.getLogger(__name__)


class ProbeFailed(Exception):
    """A target could not be looked at; the text is shown to whoever watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at one target."""

    target: str
    values: Mapping[str, float] = field(default_factory=dict)
    #: Why the look failed; what values there are count all the same.
    fault: str | None = None


class Probe(Protocol):
    """Looks at one target."""

    def read(self) -> Reading:
        """One look; ProbeFailed where it gives nothing."""
        ...


def look(target: str, probe: Probe) -> Reading:
    """One look, whatever comes of it; what nobody foresaw stands in the worker's log."""
    try:
        return probe.read()
    except ProbeFailed as error:
        return Reading(target=target, fault=str(error))
    except Exception as error:
        log.exception("the probe of %s failed", target)
        return Reading(target=target, fault=f"the probe failed ({type(error).__name__})")

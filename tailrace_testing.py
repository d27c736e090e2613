"""What an author's tests import: a job's whole life in memory, with neither Redis nor Celery nor a real second."""

from worker.kit.clockwork import Clock
from worker.kit.cues import After, NeverCame
from worker.kit.rehearsal import rehearse
from worker.kit.told import Event, Told

__all__ = ["After", "Clock", "Event", "NeverCame", "Told", "rehearse"]

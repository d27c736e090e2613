"""What an author's tests import: a job's whole life in memory, with neither Redis nor Celery nor a real second."""

from worker.clockwork import Clock
from worker.cues import After, NeverCame
from worker.rehearsal import rehearse
from worker.told import Event, Told

__all__ = ["After", "Clock", "Event", "NeverCame", "Told", "rehearse"]

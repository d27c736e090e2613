"""A job type's limit of memory: what a sudden allocation meets at once, and what the warden measures.

The warden sees what is resident, five times a second; one allocation can be faster than that. So the process may also
not ask for more than twice the limit: Python says MemoryError then, and the job ends by itself.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

#: Address space is asked for ahead of need, by allocators and threads; this much more than the limit is no fault yet.
_AHEAD = 2


@contextmanager
def bounded(limit_bytes: int | None) -> Iterator[None]:
    """The process may ask for twice *limit_bytes* on top of what it has, where the system can say so."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if limit_bytes is not None:
        with suppress(AttributeError, ValueError, OSError):
            asked = psutil.Process().memory_info().data + _AHEAD * limit_bytes
            most = asked if before[1] == resource.RLIM_INFINITY else min(asked, before[1])
            resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, before)

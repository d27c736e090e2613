"""Every Redis key that Tailrace has; nothing else spells one.

What belongs to one job shares the hash tag ``{<job id>}``, what belongs to the whole service the tag ``{tr1}``,
so that one script always works on one slot of a cluster. ``tr1`` is the version of this schema.
"""

PREFIX = "tr1"

# One job -----------------------------------------------------------------------------------------------------------


def head(job_id: str) -> str:
    """Hash: where the log stands, and the small summary (see append.lua)."""
    return f"{PREFIX}:{{{job_id}}}:head"


def log(job_id: str) -> str:
    """Stream of the job's events; the pub/sub channel that carries them live has the same name."""
    return f"{PREFIX}:{{{job_id}}}:log"


def checkpoint(job_id: str) -> str:
    """String: the job as folded up to the head's ``c``."""
    return f"{PREFIX}:{{{job_id}}}:checkpoint"


def kept(job_id: str) -> str:
    """Hash: what a run of the job has kept for the runs after it, by name."""
    return f"{PREFIX}:{{{job_id}}}:kept"


def job_of_channel(channel: bytes) -> str:
    """The job whose log is carried on *channel*."""
    return channel[len(PREFIX) + 2 : channel.index(b"}")].decode()


# The whole service -------------------------------------------------------------------------------------------------

#: ZSET of job ids by creation time (ms): every job that is kept; lists read it from its end.
ALL = f"{PREFIX}:{{{PREFIX}}}:all"
#: ZSET of job ids by creation time (ms): those that have no terminal event yet.
LIVE = f"{PREFIX}:{{{PREFIX}}}:live"
#: ZSET of job ids by the time (ms) of their terminal event: retention counts from it.
FINISHED = f"{PREFIX}:{{{PREFIX}}}:finished"
#: ZSET of job ids by the time (ms) at which they become queued.
SCHEDULED = f"{PREFIX}:{{{PREFIX}}}:scheduled"
#: ZSET of job ids by the time (ms) at which they expire unless begun.
EXPIRY = f"{PREFIX}:{{{PREFIX}}}:expiry"
#: Hash: job id → the cursor of the head that it was last filed by; an older head does not move it back.
FILED = f"{PREFIX}:{{{PREFIX}}}:filed"
#: Stream of pointers to the events of all jobs; the pub/sub channel that says how far it goes has the same name.
FEED = f"{PREFIX}:{{{PREFIX}}}:feed"
#: Hash: where the feed stands (see feed.lua).
FEED_AT = f"{PREFIX}:{{{PREFIX}}}:feed:at"
#: Hash: job id → the cursor of its last event that the feed points to.
FED = f"{PREFIX}:{{{PREFIX}}}:fed"
#: ZSET of job ids by the Redis time (ms) at which the worker that holds them counts as lost.
LEASES = f"{PREFIX}:{{{PREFIX}}}:leases"
#: ZSET of job ids by the Redis time (ms) at which they count as unwatched: those that are to end by it.
UNWATCHED = f"{PREFIX}:{{{PREFIX}}}:unwatched"
#: Hash: job id → the limit, queue, type and concurrency key of a parked job, as a JSON array.
PARKED = f"{PREFIX}:{{{PREFIX}}}:parked"
#: ZSET of the limits that a job holds a place of or is parked at, by the Redis time (ms) of the last look at them.
LIMITS = f"{PREFIX}:{{{PREFIX}}}:limits"
#: SET of the queues that ever had a job.
QUEUES = f"{PREFIX}:{{{PREFIX}}}:queues"
#: Hash: job type → its catalogue entry as JSON.
CATALOGUE = f"{PREFIX}:{{{PREFIX}}}:catalogue"
#: Hash: worker id → what it carries as JSON.
WORKERS = f"{PREFIX}:{{{PREFIX}}}:workers"
#: ZSET of worker ids by the Redis time (ms) at which they count as gone.
BEATS = f"{PREFIX}:{{{PREFIX}}}:beats"
#: String with an expiry: whoever sets it does this second's sweep.
SWEEP = f"{PREFIX}:{{{PREFIX}}}:sweep"
#: ZSET of file ids by the time (ms) of their last use.
FILES = f"{PREFIX}:{{{PREFIX}}}:files"
#: String: where the slice of live jobs that is checked next begins.
SWEPT = f"{PREFIX}:{{{PREFIX}}}:swept"


def waiting(queue: str) -> str:
    """ZSET of queued job ids by priority, then age."""
    return f"{PREFIX}:{{{PREFIX}}}:waiting:{queue}"


def places(limit: str) -> str:
    """ZSET of job ids that have a place of *limit*: +inf those that are held, the others see places.lua."""
    return f"{PREFIX}:{{{PREFIX}}}:places:{limit}"


def parked_at(limit: str) -> str:
    """ZSET of queued job ids that wait for a place of *limit*, by priority, then age."""
    return f"{PREFIX}:{{{PREFIX}}}:parked:{limit}"


def pace(queue: str) -> str:
    """Hash: job type → how long its jobs hold a slot, on average (see jobs/pace.py)."""
    return f"{PREFIX}:{{{PREFIX}}}:pace:{queue}"


def load(level: int) -> str:
    """String with an expiry: some web process has cut down to *level* just now."""
    return f"{PREFIX}:{{{PREFIX}}}:load:{level}"


def idempotency(digest: str) -> str:
    """String with an expiry: the job that the first request with this key made."""
    return f"{PREFIX}:{{{PREFIX}}}:idempotency:{digest}"


def file(file_id: str) -> str:
    """String: what is known of one upload, as JSON."""
    return f"{PREFIX}:{{{PREFIX}}}:file:{file_id}"


def file_users(file_id: str) -> str:
    """SET of the jobs whose params name the upload."""
    return f"{PREFIX}:{{{PREFIX}}}:file:{file_id}:jobs"

"""How often something is told and kept: the longer it goes on, the less often, so that days fit into one log."""

#: From so many seconds on a metric is told every so many: days of it are some thousand events.
_STAGES = ((86_400, 60.0), (3600, 30.0), (600, 5.0), (60, 1.0))
#: Events of all metrics together, in a second: of the first minute, and from then on.
_FIRST, _LATER = 100, 20
#: From this level of the service on (see ``ctx.load``) metrics are told a fifth as often, and at most once a second.
BUSY_LEVEL, _BUSY_FACTOR, _BUSY_SECONDS = 2, 5, 1.0
#: What is kept for another run, every so many seconds: what came since is lost with the worker.
_KEEP_SECONDS, _KEEP_LATER_SECONDS, _LATE = 5.0, 60.0, 600


def tell_seconds(elapsed: float, metrics: int, load: int) -> float:
    """Seconds between two values of one metric that are told, *elapsed* seconds after the begin; 0 for every sample."""
    begun, usual = next(((begun, every) for begun, every in _STAGES if elapsed >= begun), (0, 0.0))
    least = max(usual, metrics / (_LATER if begun else _FIRST)) if metrics > 1 else usual
    return max(_BUSY_SECONDS, least * _BUSY_FACTOR) if load >= BUSY_LEVEL else least


def keep_seconds(elapsed: float) -> float:
    """Seconds between two times that the state is kept."""
    return _KEEP_SECONDS if elapsed < _LATE else _KEEP_LATER_SECONDS

"""The job itself: what probes and rules are made of is loaded once it runs, in the worker's child."""

from typing import Any

from worker.catalogue.loading import load
from worker.catalogue.monitor.params import Params
from worker.context import Context
from worker.job import job

_EXAMPLE = {
    "targets": [{"kind": "cpu"}, {"kind": "memory"}, {"kind": "load"}, {"kind": "disk"}],
    "rules": [
        {"kind": "threshold", "metric": "cpu", "bound": 90, "band": 10, "for_seconds": 1, "clear_seconds": 3},
        {"kind": "rate", "metric": "memory", "bound": 1, "window_seconds": 10},
        {"kind": "unusual", "metric": "load", "direction": "above", "least_spread": 0.5, "severity": "info"},
    ],
    "interval_seconds": 0.5,
    "duration_seconds": 120,
}


@job(
    "monitor",
    title="Live monitoring",
    description="Watches the machine, processes, endpoints, databases and this service; rules fire and resolve alerts.",
    params=Params,
    example=_EXAMPLE,
    #: Of its own, since it runs for long: an operator can give it workers that hold up nobody.
    queue="monitor",
    #: A worker that is lost costs an attempt, and in days there are some.
    max_attempts=20,
    steps=["watch"],
)
def monitor(ctx: Context, params: Params) -> dict[str, Any]:
    """Watch until the time is over, or until somebody ends it."""
    with ctx.step("watch", title="Watching") as step:
        for module in ("worker.catalogue.monitor.watch", *params.libraries()):
            load(ctx, module)
        from worker.catalogue.monitor.watch import watch  # noqa: PLC0415 - its libraries must not be loaded before the fork

        return watch(ctx, step, params)

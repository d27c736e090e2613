"""The job as its watchers see it: at most 256 KiB of JSON, whatever the job did."""

from typing import Any

import msgspec

from jobs.model import Job

#: The largest snapshot in bytes of JSON, and what of it is left to the web tier for links and the like.
MAX_SNAPSHOT_BYTES = 256 * 1024
_RESERVE = 2 * 1024
#: Characters of an output, and of any other text, in a snapshot that must be cut.
_OUTPUT, _TEXT = 1024, 200


def resource(job: Job) -> dict[str, Any]:
    """The resource of ``docs/protocol.md`` without what only the web tier knows (links, queue, served).

    What is cut to keep it small says ``truncated``.
    """
    #: At once: a call for each of its parts would be most of what a small one costs.
    view: dict[str, Any] = _plain(_whole(job))
    for trim in _TRIMS:
        if len(msgspec.json.encode(view)) <= MAX_SNAPSHOT_BYTES - _RESERVE:
            break
        trim(view)
        view["truncated"] = True
    return view


def _whole(job: Job) -> dict[str, Any]:
    request = job.request
    return {
        "id": job.id,
        "type": request.type,
        "state": job.state.value,
        "attempt": job.attempt,
        "max_attempts": request.max_attempts,
        "priority": request.priority,
        "labels": request.labels,
        "params": request.params,
        "retry_of": request.retry_of,
        "parent": request.parent,
        "timeout_seconds": request.timeout_seconds,
        "expires_at": request.expires_at,
        "concurrency_key": request.concurrency_key,
        "cancel_when_unwatched_seconds": request.cancel_when_unwatched_seconds,
        "until": job.until,
        "waits_for": job.waits_for,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "progress": job.progress,
        "steps": list(job.steps.values()),
        "outputs": {name: _without_name(output) for name, output in job.outputs.items()},
        "metrics": {name: _metric(metric) for name, metric in job.metrics.items()},
        "items": job.items,
        "alerts": [*job.alerts.firing.values(), *job.alerts.resolved],
        "log": job.log,
        "artifacts": list(job.artifacts.values()),
        "result": job.result,
        "error": job.error,
        "errors": job.errors,
        "cancel": job.cancel,
        "truncated": job.truncated,
        "cursor": str(job.cursor),
    }


def _plain(thing: object) -> Any:
    return msgspec.to_builtins(thing)


def _without_name(thing: object) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(thing)
    del plain["name"]
    return plain


def _metric(thing: object) -> dict[str, Any]:
    plain = _without_name(thing)
    #: A reader that goes on from here has to know that the next measurement begins the series anew.
    rewind = {"rewind": True} if plain["rewind"] else {}
    return {key: plain[key] for key in ("value", "step", "unit", "series")} | rewind


def _trim_items(view: dict[str, Any]) -> None:
    view["items"]["recent"] = view["items"]["recent"][-20:]


def _trim_log(view: dict[str, Any]) -> None:
    view["log"] = view["log"][-10:]


def _trim_series(view: dict[str, Any]) -> None:
    for metric in view["metrics"].values():
        metric["series"] = metric["series"][::8]


def _trim_outputs(view: dict[str, Any]) -> None:
    for output in view["outputs"].values():
        output["truncated"] = output["truncated"] or len(output["text"]) > _OUTPUT
        output["text"] = output["text"][-_OUTPUT:]


def _trim_texts(view: dict[str, Any]) -> None:
    """Shortens what was written for people; params, result and error stay whole, 64 KiB of JSON each at most."""
    for part in ("progress", "steps", "items", "alerts", "log", "errors", "cancel"):
        view[part] = _short(view[part])


def _trim_lists(view: dict[str, Any]) -> None:
    for part in ("steps", "alerts", "errors", "artifacts"):
        view[part] = view[part][-100:]


def _trim_rest(view: dict[str, Any]) -> None:
    for part in ("steps", "alerts", "errors", "artifacts", "log"):
        view[part] = []
    view["items"], view["metrics"], view["outputs"] = {"counts": {}, "recent": []}, {}, {}


_TRIMS = (_trim_items, _trim_log, _trim_series, _trim_outputs, _trim_texts, _trim_lists, _trim_rest)


def _short(thing: Any) -> Any:
    """*thing* with every text in it cut to 200 characters."""
    match thing:
        case str():
            return thing if len(thing) <= _TEXT else f"{thing[: _TEXT - 1]}…"
        case list():
            return [_short(part) for part in thing]
        case dict():
            return {key: _short(part) for key, part in thing.items()}
    return thing

"""The web tier put together: every route, the hook before each and the headers after."""

from collections.abc import Callable, Sequence

from flask import Blueprint, Flask, Request, Response
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from app.answers import in_hand, refuse
from app.artifacts import Artifact
from app.auth import COOKIE
from app.cancel import Cancel
from app.delete import Delete
from app.files import Upload
from app.health import Figures, Ready, live
from app.job_types import JobType, JobTypes
from app.listing import Listing
from app.metrics import Metrics
from app.openapi import OpenApi
from app.problems import problem_of
from app.retry import Retry
from app.show import Show
from app.slim import Slim
from app.submit import Submit
from app.view import View
from app.waiting import Listen, ticking
from jobs.errors import JobNotFound
from jobs.files import is_id
from jobs.wiring import Parts

#: On every answer, unless the answer says otherwise.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SMALL = {name.lower(): name for name in HEADERS}
#: What asks for no token: health; the pages ask for it themselves.
_PUBLIC = frozenset({"live", "ready"})
_PAGES = "pages"

Draining = Callable[[], bool]
#: Method, rule, verb, and what answers it.
Route = tuple[str, str, str, Callable[..., Response]]


def create_app(
    parts: Parts,
    *,
    open_stream: Callable[..., Response],
    draining: Draining,
    listen: Listen = ticking,
    page: Callable[..., Blueprint] | None = None,
    blueprints: Sequence[Blueprint] = (),
    view: View | None = None,
    metrics: Metrics | None = None,
) -> Flask:
    """The WSGI application.

    *open_stream(job_id, after=…)* answers with a job's events; *draining()* tells that the process is about to go;
    *listen(job_id)* gives the bell that rings when something happened to a job; *page(auth, openapi, cookie_name=…)*
    makes the pages; *blueprints* bring further routes under the same hook. *view* and *metrics* are given where
    others share them.
    """
    app = Slim("tailrace", static_folder=None)
    #: For forms; what reads a body itself says how much.
    app.config["MAX_CONTENT_LENGTH"] = parts.settings.max_body_bytes
    #: One address for one thing: nothing is redirected to a tidier one.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    view, metrics = view or View.of(parts), metrics or Metrics()
    openapi = OpenApi(view)
    routes: list[Route] = [
        *_jobs(parts, view, open_stream, draining, listen),
        *_files(parts),
        *_service(parts, view, metrics, draining),
        ("GET", "/v1/openapi.json", "openapi", openapi),
    ]
    for method, rule, verb, call in routes:
        app.add_url_rule(rule, verb, call, methods=[method])
    if page is not None:
        app.register_blueprint(page(view.auth, openapi.document, cookie_name=COOKIE))
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    _hook(app, view, metrics)
    _believe(app, parts.settings.proxies)
    return app


def _believe(app: Flask, proxies: int) -> None:
    """Takes the client's address, scheme and host from so many proxies in front; from anybody else they are a lie."""
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign] # Flask's own way


def _jobs(
    parts: Parts, view: View, open_stream: Callable[..., Response], draining: Draining, listen: Listen
) -> list[Route]:
    life = parts.lifecycle
    return [
        ("POST", "/v1/jobs", "submit", Submit(parts, view, open_stream)),
        ("GET", "/v1/jobs", "list", Listing(life, view)),
        ("GET", "/v1/jobs/<job_id>", "show", Show(life, view, draining, listen)),
        ("DELETE", "/v1/jobs/<job_id>", "delete", Delete(parts)),
        ("POST", "/v1/jobs/<job_id>/cancel", "cancel", Cancel(parts, view)),
        ("POST", "/v1/jobs/<job_id>/retry", "retry", Retry(parts, view)),
    ]


def _files(parts: Parts) -> list[Route]:
    return [
        ("POST", "/v1/files", "upload", Upload(parts)),
        ("GET", "/v1/jobs/<job_id>/artifacts/<path:name>", "artifact", Artifact(parts)),
    ]


def _service(parts: Parts, view: View, metrics: Metrics, draining: Draining) -> list[Route]:
    return [
        ("GET", "/v1/job-types", "job_types", JobTypes(view.known)),
        ("GET", "/v1/job-types/<name>", "job_type", JobType(view.known)),
        ("GET", "/livez", "live", live),
        ("GET", "/readyz", "ready", Ready(parts.catalogue, draining)),
        ("GET", "/metrics", "metrics", Figures(metrics, parts.index, view.known)),
    ]


def _hook(app: Flask, view: View, metrics: Metrics) -> None:
    """What happens before and after every call, whatever brought it."""
    auth = view.auth

    @app.before_request
    def admit() -> AnyResponse | None:
        asked = in_hand()
        public = asked.endpoint in _PUBLIC or asked.blueprint == _PAGES
        auth.admit(asked, public=public)
        _check_id(asked)
        return auth.origins.preflight(asked)

    @app.errorhandler(Exception)
    def refused(error: Exception) -> Response:
        return refuse(problem_of(error))

    @app.after_request
    def finish(response: Response) -> Response:
        asked = in_hand()
        _complete(response)
        auth.origins.mark(asked, response)
        metrics.count(asked.endpoint or "none", response.status_code)
        return response


def _complete(response: Response) -> None:
    """Looks through its headers once for all that may be missing."""
    given = {name.lower() for name, _ in response.headers}
    for small, name in _SMALL.items():
        if small not in given:
            response.headers.add(name, HEADERS[name])


def _check_id(request: Request) -> None:
    """An id that none could have is looked up nowhere; the pages say so in their own way."""
    job_id = (request.view_args or {}).get("job_id")
    if job_id is not None and not is_id(job_id) and request.blueprint != _PAGES:
        raise JobNotFound(job_id=job_id[:64])

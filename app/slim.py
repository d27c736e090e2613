"""Flask, less what it does for every request and nothing here uses: sessions, signals, several looks at one host.

That is the half of what the smallest answer costs. Routes, matching, errors and the functions around a request are
Flask's own.
"""

import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response
from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, _cv_request
from flask.sessions import NullSession
from werkzeug.routing import MapAdapter, Rule

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask.typing import ResponseReturnValue

#: What every request has in a session's place: writing to it fails.
_NOBODY = NullSession()
#: What an id looks like in an address, and of how many addresses it is remembered what they lead to.
_ID, _MOST = re.compile(r"(?<=/)([0-9a-z]{26})(?=/|\Z)", re.ASCII), 512

#: The method, whether it is a WebSocket's, and the address but for its ids.
_Shape = tuple[str, bool, tuple[str, ...]]


class _Context(RequestContext):
    app: "Slim"

    def match_request(self) -> None:
        """As Flask's; of addresses that differ in their ids alone only the first is searched for."""
        request, adapter = self.request, self.url_adapter
        if adapter is None:
            return
        parts = _ID.split(adapter.path_info)
        shape, ids = (request.method, adapter.websocket, tuple(parts[::2])), parts[1::2]
        known = self.app.shapes.get(shape)
        if known is not None:
            request.url_rule, names = known
            request.view_args = dict(zip(names, ids, strict=True))
            return
        super().match_request()
        #: Only a rule that takes the ids as they are, in their order, and nothing else.
        if request.url_rule is not None and [*(request.view_args or {}).values()] == ids:
            self.app.remember(shape, request.url_rule, tuple(request.view_args or ()))


class Slim(Flask):
    """No signal is sent, and nothing is done with a request's values before it is admitted."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: By shape, the rule that an address leads to, and the names of its ids.
        self.shapes: dict[_Shape, tuple[Rule, tuple[str, ...]]] = {}

    def remember(self, shape: _Shape, rule: Rule, names: tuple[str, ...]) -> None:
        if len(self.shapes) >= _MOST:
            self.shapes.clear()
        self.shapes[shape] = rule, names

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self._got_first_request = True
        context = _Context(self, environ, session=_NOBODY)
        app, asked = _cv_app.set(AppContext(self)), _cv_request.set(context)
        try:
            context.match_request()
            return self._answered(context)(environ, start_response)
        finally:
            self._over(context.request)
            _cv_request.reset(asked)
            _cv_app.reset(app)

    def _answered(self, context: RequestContext) -> Response:
        try:
            try:
                given = self.preprocess_request()
                given = self.dispatch_request() if given is None else given
            except Exception as error:  # noqa: BLE001 - as Flask does: whatever is to be done with it is registered
                given = self.handle_user_exception(error)
            return self._finished(context, given)
        except Exception as error:  # noqa: BLE001 - as above
            return self.handle_exception(error)

    def _finished(self, context: RequestContext, given: "ResponseReturnValue") -> Response:
        response: Any = given if isinstance(given, Response) else self.make_response(given)
        for finish in context._after_request_functions:  # noqa: SLF001 - as Flask does
            response = finish(response)
        for name in chain(context.request.blueprints, (None,)):
            for finish in reversed(self.after_request_funcs.get(name, ())):
                response = finish(response)
        return response  # type: ignore[no-any-return] # as it was made above

    def preprocess_request(self) -> "ResponseReturnValue | None":
        for name in (None, *reversed(_cv_request.get().request.blueprints)):
            for admit in self.before_request_funcs.get(name, ()):
                given: Any = admit()
                if given is not None:
                    return given  # type: ignore[no-any-return] # whatever Flask takes for an answer
        return None

    def _over(self, request: Request) -> None:
        if self.teardown_request_funcs or self.teardown_appcontext_funcs:
            self.do_teardown_request()
            self.do_teardown_appcontext()
        if "files" in vars(request):
            request.close()
        #: Of a circle only the collector would free it.
        request.environ["werkzeug.request"] = None

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: nothing here is a coroutine, and to look costs more than to call."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Without a look at the host, which ``app/origins.py`` has, but for what may be a WebSocket."""
        if request is None or "HTTP_UPGRADE" in request.environ:
            return super().create_url_adapter(request)
        environ = request.environ
        path = environ.get("PATH_INFO", "").encode("latin1").decode(errors="replace")
        script, query = environ.get("SCRIPT_NAME", ""), environ.get("QUERY_STRING", "")
        scheme, host = environ["wsgi.url_scheme"], environ.get("HTTP_HOST") or environ["SERVER_NAME"]
        return MapAdapter(self.url_map, host, script, "", scheme, path, request.method, query)

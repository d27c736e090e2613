"""The pages that people open: submit and watch, one job, the API's description, the ten-line page, the session."""

from collections.abc import Callable
from typing import Any, Protocol

from flask import Blueprint, Request, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.web import samples
from app.web.apidoc import chapters
from app.web.assets import STATIC, Assets

#: No inline script or style, nothing from elsewhere, and no string may become markup or code (trusted types).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Auth(Protocol):
    """What the pages ask of the service's one auth hook."""

    @property
    def needed(self) -> bool:
        """False where no token is set: everybody is signed in."""

    def signed_in(self, request: Request) -> bool:
        """Whether this visitor may see and start jobs."""

    def cookie(self, token: str) -> str | None:
        """The session cookie's value for *token*, None where it is the wrong one."""


OpenApi = Callable[[], dict[str, Any]]


def blueprint(auth: Auth, openapi: OpenApi, *, cookie_name: str = "tailrace") -> Blueprint:
    """Every page under ``/``; *auth* decides who sees them, *openapi* gives what ``/docs`` shows."""
    routes = Blueprint("pages", __name__, template_folder="templates")
    Assets().mount(routes)
    routes.get("/examples/<name>")(samples.serve)
    pages = Pages(auth, openapi, cookie_name)
    routes.get("/")(pages.home)
    routes.get("/jobs/<job_id>")(pages.job)
    routes.get("/docs")(pages.docs)
    routes.get("/ticks")(pages.ticks)
    routes.post("/session")(pages.sign_in)
    routes.post("/session/end")(pages.sign_out)
    routes.after_request(_harden)
    return routes


class Pages:
    """One method for each page; whoever is not signed in gets the form for it instead."""

    def __init__(self, auth: Auth, openapi: OpenApi, cookie_name: str) -> None:
        self._auth, self._openapi, self._cookie = auth, openapi, cookie_name

    def home(self) -> AnyResponse:
        return self._guarded("page.html")

    def job(self, job_id: str) -> AnyResponse:
        return self._guarded("page.html", job_id=job_id)

    def docs(self) -> AnyResponse:
        return self._guarded("docs.html", api=self._openapi, chapters=chapters)

    def ticks(self) -> AnyResponse:
        return self._guarded("ticks.html", source=(STATIC / "alone" / "ticks.js").read_text("utf-8"))

    def sign_in(self) -> AnyResponse:
        back = _own_path(request.form.get("back", "/"))
        value = self._auth.cookie(request.form.get("token", ""))
        if value is None:
            return self._form(back, wrong=True)
        response = redirect(back, 303)
        response.set_cookie(self._cookie, value, httponly=True, samesite="Strict", secure=request.is_secure)
        return response

    def sign_out(self) -> AnyResponse:
        response = redirect("/", 303)
        response.delete_cookie(self._cookie, httponly=True, samesite="Strict", secure=request.is_secure)
        return response

    def _guarded(self, name: str, **values: object) -> AnyResponse:
        if not self._auth.signed_in(request):
            return self._form(request.full_path.rstrip("?"))
        origin = request.host_url.rstrip("/")
        return make_response(render_template(name, signing=self._auth.needed, origin=origin, **values))

    def _form(self, back: str, *, wrong: bool = False) -> AnyResponse:
        return make_response(render_template("signin.html", back=back, wrong=wrong), 401)


def _own_path(back: str) -> str:
    """Where to go after signing in: a path of this site, never another host's address."""
    plain = back.startswith("/") and not back.startswith(("//", "/\\"))
    return back if plain and back.isprintable() else "/"


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-cache")
    response.vary.add("Cookie")
    return response

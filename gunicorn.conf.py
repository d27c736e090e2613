"""How the web tier is served: one gevent process per port share, streams detached, REST on greenlets."""

from gevent import monkey

monkey.patch_all()  # first of all: whatever is imported before it keeps blocking sockets and locks

import contextlib  # noqa: E402
import gc  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from functools import lru_cache, partial  # noqa: E402
from pathlib import Path  # noqa: E402
from time import monotonic  # noqa: E402
from types import SimpleNamespace  # noqa: E402

ROOT = str(Path(__file__).resolve().parent)
if sys.path[:1] != [ROOT]:
    sys.path.insert(0, ROOT)  # before PYTHONPATH: a user's own `app` package must not shadow ours

import gevent  # noqa: E402
from gevent.server import StreamServer  # noqa: E402
from gunicorn import util  # noqa: E402
from gunicorn.glogging import Logger  # noqa: E402
from gunicorn.http import message, parser  # noqa: E402
from gunicorn.http import wsgi as answers  # noqa: E402
from gunicorn.workers.ggevent import GeventWorker  # noqa: E402

from app import heads  # noqa: E402
from jobs.errors import SettingsError  # noqa: E402
from jobs.settings import Settings  # noqa: E402

try:
    _settings = Settings.from_env(os.environ)
except SettingsError as error:
    sys.exit(f"tailrace: {error}")

#: As in app/problems.py, which is not loaded here: nothing of the application is, before a worker has it.
_CODES = {403: "forbidden", 414: "uri_too_long", 431: "headers_too_large"}
#: From here on a fault is the server's own.
_SERVER = 500
#: Seconds in which a caller who was answered before he had sent all may notice.
_LINGER = 2
_PHRASES = {400: "Bad Request", 414: "URI Too Long", 431: "Request Header Fields Too Large"}


class Door(StreamServer):
    """Closed, it still lets in who had already come: a connection that nobody took is reset, and its request lost."""

    def close(self):  # noqa: ANN201 - gevent's signature
        with contextlib.suppress(OSError):
            while not self.closed and (came := self.do_read()):
                self.do_handle(*came)
        super().close()


class Worker(GeventWorker):
    """gunicorn's gevent worker; what it refuses by itself it refuses as problem+json too.

    It hangs up on connections that ask nothing for too long; once it is told to stop, on all that ask nothing: each
    would hold it for all its grace.
    """

    def __init__(self, *args, **kwargs):  # noqa: ANN002, ANN003, ANN204 - gunicorn's signature
        super().__init__(*args, **kwargs)
        #: Connections that a request is awaited on, and since when.
        self._idle = {}

    def init_process(self):  # noqa: ANN201 - gunicorn's signature
        #: A request looks up thirty settings, each by two calls; from here on they are attributes like any others.
        vars(self.cfg).update({name: setting.get() for name, setting in self.cfg.settings.items()})
        super().init_process()

    def timeout_ctx(self):  # noqa: ANN201 - gunicorn's signature
        """None: a timer for each request costs more than a look at all connections each second (see notify)."""
        return contextlib.nullcontext()

    def server_class(self, listener, *, spawn, application, log, handler_class, environ, **tls):  # noqa: ANN001, ANN003, ANN201, ARG002 - gunicorn's signature
        #: Connections are asked for it also when the listener is closed.
        name = listener.getsockname()
        named = SimpleNamespace(getsockname=lambda: name)
        return Door(listener, handle=partial(self.handle, named), spawn=spawn, **tls)

    def run(self):  # noqa: ANN201 - gunicorn's signature
        super().run()
        from app import wsgi  # noqa: PLC0415 - it was loaded long ago

        wsgi.see_off()

    def handle(self, listener, client, addr):  # noqa: ANN001, ANN201 - gunicorn's signature
        self._idle[client] = monotonic()
        try:
            super().handle(listener, client, addr)
        finally:
            self._idle.pop(client, None)

    def handle_request(self, listener_name, req, sock, addr):  # noqa: ANN001, ANN201 - gunicorn's signature
        self._idle.pop(sock, None)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            if req.method not in {"GET", "HEAD"}:
                _linger(sock)
            raise
        self._idle[sock] = monotonic()

    def notify(self):  # noqa: ANN201 - gunicorn's signature
        super().notify()
        latest = monotonic() - self.cfg.keepalive if self.alive else monotonic()
        for sock in [sock for sock, since in self._idle.items() if since <= latest]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RD)

    def handle_error(self, req, client, addr, exc):  # noqa: ANN001, ANN201 - gunicorn's signature
        write_error, util.write_error = util.write_error, _write_problem
        try:
            super().handle_error(req, client, addr, exc)
        finally:
            util.write_error = write_error


class Log(Logger):
    """gunicorn's log; of a call it looks up what our line names, and not every header and variable there is."""

    def atoms(self, resp, req, environ, request_time):  # noqa: ANN001, ANN201 - gunicorn's signature
        if self.cfg.access_log_format != access_log_format:
            return super().atoms(resp, req, environ, request_time)
        return {
            "h": environ.get("REMOTE_ADDR", "-"),
            "m": environ.get("REQUEST_METHOD"),
            "U": environ.get("PATH_INFO"),
            "s": str(resp.status).partition(" ")[0],
            "B": resp.sent,
            "M": request_time.seconds * 1000 + request_time.microseconds // 1000,
        }


class Answer(answers.Response):
    """gunicorn's; the head of an answer goes with the first of its body, so that nobody is woken for the head alone."""

    def write(self, arg):  # noqa: ANN001, ANN201 - gunicorn's signature
        if self.headers_sent:
            return super().write(arg)
        sock, self.sock = self.sock, _Held()
        try:
            super().write(arg)
        finally:
            held, self.sock = self.sock, sock
            sock.sendall(b"".join(held))


class _Held(list):
    """What would be sent, in its order."""

    sendall = list.append


def _http_date(timestamp=None):  # noqa: ANN001, ANN202 - gunicorn's signature
    return _date_of(int(time.time() if timestamp is None else timestamp))


#: Every answer names the second, and to write it costs as much as to write the other headers.
_date_of = lru_cache(maxsize=16)(util.http_date)
util.http_date, answers.Response = _http_date, Answer
parser.RequestParser.mesg_class, answers.base_environ = heads.Head, heads.once(answers.base_environ)
message.split_request_uri = heads.split(message.split_request_uri)


def _linger(sock):  # noqa: ANN001, ANN202 - a socket of gevent
    """Reads for a moment what is still being sent: closing on it is a reset, which takes away the answer (413) too."""
    with contextlib.suppress(OSError), gevent.Timeout(_LINGER, False):
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(1 << 16):
            pass


def _write_problem(sock, status, reason, _text):  # noqa: ANN001, ANN202 - gunicorn's signature
    """What gunicorn's parser refuses, without the text of it: that may repeat what was sent."""
    title = _PHRASES.get(status, reason)
    problem = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "The request could not be read." if status < _SERVER else "The server failed; see its log.",
        "code": _CODES.get(status, "malformed_request" if status < _SERVER else "internal"),
        "errors": [],
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin-1") + body)


# A stream is a file descriptor: take as many as the machine allows.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = [f"{_host}:{_settings.port}"]
reuse_port = _settings.share_port
workers = 1  # more by the Procfile, never by gunicorn: one relay per process, restarted one by one
worker_class = Worker
preload_app = False
control_socket_disable = True
http_protocols = "h1"  # streams on gunicorn's own HTTP/2 would block each other
worker_connections = 1000  # for REST alone: a stream leaves the pool when it is detached; see app/waiting.py
backlog = 4096
keepalive = 75  # also the time that a request head may take; above the idle time of usual proxies
timeout = 60
graceful_timeout = 20
max_requests = 0  # a recycled process would cut its streams
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
accesslog = "-"
#: The path without its query: a stream's token must not reach a log.
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'
errorlog = "-"
logger_class = Log
loglevel = "info"
proc_name = "tailrace-web"


def post_worker_init(worker):  # noqa: ANN001, ANN201
    """No hook tells of SIGTERM: the application watches this worker's ``alive`` to drain in time."""
    from app import wsgi  # noqa: PLC0415 - the application is loaded by now

    #: What is loaded by now stays: the collector, which comes with every few thousand streams, need not go through it.
    gc.collect()
    gc.freeze()
    wsgi.watch(worker)

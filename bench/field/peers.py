"""The peers: servers that people would otherwise put in this place, each as its own documentation would have it run."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bench.field.ground import Field, Subject, Target
from bench.field.installs import NCHAN, NGINX, PEERS, nchan, nginx, venv
from bench.field.servers import served
from tests.service import free_port

#: gunicorn with as many greenlets as there are streams, and no recycling in the middle of a run.
GUNICORN = ("-k", "gevent", "-w", "1", "--worker-connections", "12000", "--backlog", "4096", "--timeout", "0")
UVICORN = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", "--backlog", "4096")


@contextmanager
def _nchan(field: Field, _channels: int) -> Iterator[Target]:
    port, home = free_port(), (field.folder / "nchan").absolute()
    home.mkdir(parents=True, exist_ok=True)
    filled = {
        "{FOLDER}": str(home),
        "{PORT}": str(port),
        "{MODULE}": str(nchan(field.folder)),
        #: Only root may say whose a worker is, and only to root does it matter.
        "{USER}": "user root;" if os.geteuid() == 0 else "",
    }
    text = (PEERS / "nchan.conf").read_text("utf-8")
    for mark, value in filled.items():
        text = text.replace(mark, value)
    conf = home / "nginx.conf"
    conf.write_text(text, "utf-8")
    options = {"path": "/sub?id=p%d", "pub": "post", "pport": port, "ppath": "/pub?id=p%d"}
    words = [str(nginx()), "-c", str(conf), "-p", str(home)]
    with served(field, "nchan", port, words, options) as target:
        yield target


def _without_nchan(field: Field) -> str | None:
    if nginx() is None:
        return NGINX
    return None if nchan(field.folder) else NCHAN


def _in_python(
    name: str, pins: str, words: Callable[[int], list[str]], **options: Any
) -> Callable[[Field, int], AbstractContextManager[Target]]:
    """*words(port)* is a program of the environment *pins* and its arguments."""

    @contextmanager
    def start(field: Field, _channels: int) -> Iterator[Target]:
        port, found = free_port(), venv(pins, field.folder)
        program, *arguments = words(port)
        env = {**os.environ, "REDIS_URL": field.redis.url, "PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
        env.pop("PYTHONPATH", None)
        command = [str(found / program), *arguments]
        with served(field, name, port, command, options, cwd=PEERS, env=env) as target:
            yield target

    return start


def _without_packages(pins: str) -> Callable[[Field], str | None]:
    def lacks(field: Field) -> str | None:
        try:
            venv(pins, field.folder)
        except SystemExit as error:
            return str(error)
        return None

    return lacks


NCHAN_SERVER = Subject("nchan", _nchan, _without_nchan)
FLASK_SSE = Subject(
    "flask-sse",
    _in_python(
        "flask-sse",
        "requirements",
        lambda port: ["gunicorn", *GUNICORN, "-b", f"127.0.0.1:{port}", "with_flask_sse:app"],
        path="/stream?channel=p%d",
        pub="redis",
        env='{"type":"progress","data":%s}',
        #: It sends no byte before the first event.
        prime=1,
        concurrent=100,
    ),
    _without_packages("requirements"),
)
STARLETTE = Subject(
    "sse-starlette",
    _in_python(
        "sse-starlette",
        "requirements",
        lambda port: ["uvicorn", "with_starlette:app", "--port", str(port), *UVICORN],
        path="/stream?channel=p%d",
        pub="redis",
        ready=":ok",
    ),
    _without_packages("requirements"),
)
GRADIO = Subject(
    "gradio",
    _in_python("gradio", "gradio", lambda _port: ["python", "with_gradio.py"]),
    _without_packages("gradio"),
)
CELERY = Subject(
    "celery polling",
    _in_python(
        "celery polling",
        "requirements",
        lambda port: ["gunicorn", *GUNICORN, "-b", f"127.0.0.1:{port}", "with_celery:app"],
    ),
    _without_packages("requirements"),
)

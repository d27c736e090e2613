"""``up`` with stand-in Procfiles: what it starts, mends and leaves."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import httpx
import psutil
import pytest
import redis

from tests.cli.conftest import Running, gone, until
from tests.service import UNIT

pytestmark = pytest.mark.acceptance
Up = Callable[..., Running]

SLEEPER = "sleeper: exec python -c 'import time; time.sleep(1000)'\n"
WEB = "web: exec python ${HERE}/web.py\n"


def test_tells_its_address_once_the_web_answers(up: Up) -> None:
    running = up(WEB + SLEEPER)
    address = running.ready()
    assert httpx.get(f"{address}/readyz").status_code == 200
    assert running.stop() == 0
    assert running.text.count("Tailrace is ready") == 1


def test_all_web_processes_share_one_port(up: Up) -> None:
    running = up(WEB, "--scale", "web=2")
    both = {str(running.started("web.1")), str(running.started("web.2"))}
    address, seen = running.ready(), set()

    def both_answered() -> bool:
        seen.add(httpx.get(address).text)
        return seen == both

    until(both_answered, what="an answer of each web process")
    assert running.stop() == 0


def test_a_process_that_is_killed_is_started_again(up: Up) -> None:
    running = up(SLEEPER)
    first = running.started("sleeper.1")
    os.kill(first, signal.SIGKILL)
    running.sees(r"sleeper.1 was ended by SIGKILL; starting it again in 0\.5 s")
    second = running.started("sleeper.1")
    assert second != first
    assert running.stop() == 0


def test_the_redis_of_its_own_comes_back_with_its_data(up: Up, tmp_path: Path) -> None:
    url = tmp_path / "url"
    running = up(
        "url: exec python -c 'import os,time,pathlib; "
        'pathlib.Path(os.environ["HERE"],"url").write_text(os.environ["REDIS_URL"]); time.sleep(1000)\'',
        TAILRACE_FSYNC="always",
    )
    redis = running.started("redis")
    until(url.exists, what="the address of Redis")
    client = _client(url.read_text())
    client.set("kept", "yes")
    os.kill(redis, signal.SIGKILL)
    assert running.started("redis") != redis
    until(lambda: _get(client) == b"yes", what="Redis with its data")
    client.close()
    assert running.stop() == 0


def test_the_pause_before_a_restart_doubles_and_the_fault_is_told(up: Up) -> None:
    running = up("bad: sh -c 'echo because; exit 3'")
    pauses = [float(running.sees(r"(?:again in|Next try in) ([\d.]+) s")[1]) for _ in range(4)]
    assert pauses[0] == 0.5
    assert all(later == 2 * earlier for earlier, later in pairwise(pauses))
    assert "bad.1 dies again and again: ended with exit code 3, 4 times in a row" in running.text
    assert "because" in running.text
    assert running.stop() == 0


def test_a_stop_lets_a_process_finish_its_work(up: Up, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import signal, sys, time\n"
        "def end(*_):\n    time.sleep(1); print('finished', flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('working', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    running = up("slow: exec python $HERE/slow.py")
    running.sees("working")
    assert running.stop(signal.SIGTERM) == 0
    assert "finished" in running.text
    assert "slow.1 ended with exit code 0" in running.text


def test_a_second_signal_ends_what_does_not_want_to_end(up: Up, tmp_path: Path) -> None:
    (tmp_path / "deaf.py").write_text(
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0: os.setpgid(0, 0)\n"
        "os.write(1, b'deaf\\n')\n"
        "while True: time.sleep(1)\n"
    )
    running = up("deaf: exec python $HERE/deaf.py")
    running.sees("deaf$")
    running.sees("deaf$")
    family = running.family()
    running.process.send_signal(signal.SIGINT)
    running.sees("stopping")
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 10 * UNIT
    assert gone(family)


def test_kill_9_of_up_leaves_nothing_behind(up: Up, tmp_path: Path) -> None:
    (tmp_path / "tree.py").write_text(
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    os.setpgid(0, 0)\n    if os.fork() == 0: os.setsid()\n"
        "os.write(1, b'grown\\n')\n"
        "while True: time.sleep(1)\n"
    )
    running = up(WEB + "tree: exec python $HERE/tree.py", "--scale", "web=2")
    running.ready()
    for _ in range(3):
        if running.text.count("grown") < 3:
            running.sees("grown")
    family = running.family()
    assert len(family) >= 7  # the reaper, Redis, two web, three of the tree
    running.process.kill()
    running.ended()
    until(lambda: gone(family), what="the end of everything")
    again = up(WEB)
    again.ready()
    assert again.stop() == 0


def test_a_killed_reaper_is_replaced(up: Up) -> None:
    running = up(SLEEPER)
    running.started("sleeper.1")
    reaper = _reaper(running)
    reaper.kill()
    until(lambda: _reaper(running).pid != reaper.pid, what="a new reaper")
    family = running.family()
    running.process.kill()
    running.ended()
    until(lambda: gone(family), what="the end of everything")


def test_a_second_up_on_the_same_data_folder_says_so(up: Up) -> None:
    first = up(WEB)
    first.ready()
    second = up(WEB)
    assert second.ended() == 1
    assert f"is in use by another ./tailrace up (pid {first.process.pid})" in second.text
    assert first.stop() == 0


def test_a_second_up_on_the_same_port_says_so(up: Up) -> None:
    first = up(WEB)
    port = first.ready().rpartition(":")[2]
    second = up(WEB, "--port", port, data="other")
    assert second.ended() == 1
    assert f"port {port} on 127.0.0.1 is taken" in second.text
    assert first.stop() == 0


def test_a_bind_for_others_without_a_token_does_not_start(up: Up) -> None:
    running = up(WEB, "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert running.ended() == 2
    assert "TAILRACE_TOKEN" in running.text
    assert "started" not in running.text


@pytest.mark.parametrize(
    ("procfile", "options", "said"),
    [
        (WEB, ("--scale", "wed=2"), "--scale names wed, but the Procfile has web"),
        ("web: a && b\n", (), "needs a shell for '&'"),
        ("# nothing\n", (), "has no line"),
        (WEB, ("--scale", "web=x"), "'x' is not a number"),
    ],
)
def test_a_slip_starts_nothing(up: Up, procfile: str, options: tuple[str, ...], said: str) -> None:
    running = up(procfile, *options)
    assert running.ended() == 2
    assert said in running.text
    assert "started" not in running.text


def test_an_end_of_the_terminal_ends_it_in_order(up: Up) -> None:
    running = up(SLEEPER)
    running.started("sleeper.1")
    family = running.family()
    assert running.stop(signal.SIGHUP) == 0
    assert gone(family)


def test_the_password_of_redis_stands_on_no_command_line(up: Up) -> None:
    running = up("url: exec python -c 'import os, time; print(os.environ[\"REDIS_URL\"]); time.sleep(1000)'")
    password = running.sees(r"redis://:(.+)@127\.0\.0\.1:\d+/0")[1]
    assert len(password) > 30
    words = [word for process in running.family() for word in process.cmdline()]
    assert words
    assert not [word for word in words if password in word]
    assert running.stop() == 0


def _reaper(running: Running) -> psutil.Process:
    found: list[psutil.Process] = []

    def there() -> bool:
        with contextlib.suppress(psutil.Error):  # one of them has just ended
            found[:] = [process for process in running.family() if "cli.reaper" in process.cmdline()]
        return bool(found)

    until(there, what="the reaper")
    return found[0]


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=1)


def _get(client: redis.Redis) -> object:
    try:
        return client.get("kept")
    except redis.RedisError:
        return None

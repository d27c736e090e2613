"""Keeps commands running: starts, shows, restarts with back-off, drains, leaves nothing behind.

    start ─▶ running ─died─▶ waiting (0.5 s, doubling to 30 s) ─▶ running …
                │ SIGTERM to its leader, the drain time, then SIGKILL to all that is left of it
                ▼
              ended

One loop in the main thread: Linux ends the children when the *thread* that started them ends.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from honcho.colour import get_colours

from cli.output import Pipe, Screen
from cli.procfile import Command
from cli.reaper import Reaper
from cli.remains import MARK, members, tell
from cli.signals import Signals, described

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
#: A process that lived so long was well; its next death counts from the beginning.
WELL_AFTER_SECONDS = 10.0
#: So many deaths in a row are told as a fault that a person must look at.
DEATHS_TOLD = 3
#: What the rest of a process that died gets between SIGTERM and SIGKILL.
REST_SECONDS = 5.0
_TICK_SECONDS = 0.2


class Child:
    """A command that is to run, and what became of it."""

    def __init__(self, command: Command, colour: str) -> None:
        self.command, self.colour = command, colour
        self.process: subprocess.Popen[bytes] | None = None
        #: Whether it is started again when it dies.
        self.wanted = True
        self.started_at = 0.0
        #: When to start it again; None while it runs, and once it shall not run any more.
        self.due_at: float | None = None
        self.deaths = 0

    def pause(self, now: float) -> float:
        """The seconds to wait after a death at *now*."""
        self.deaths = 1 if now - self.started_at >= WELL_AFTER_SECONDS else self.deaths + 1
        return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self.deaths - 1, 10)))


class Supervisor:
    """The loop over all children; ``turn`` is one round of it."""

    def __init__(self, screen: Screen, reaper: Reaper, signals: Signals) -> None:
        self._screen, self._reaper, self._signals = screen, reaper, signals
        self._colours = get_colours()
        self._children: list[Child] = []
        #: Sessions whose leader is dead, and when what is left of them gets SIGKILL.
        self._rests: dict[int, float] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(signals, selectors.EVENT_READ)

    @property
    def stopping(self) -> bool:
        """Whether somebody wants the end: a signal, or nobody reads the output any more."""
        return self._signals.stops > 0 or self._screen.gone

    def say(self, text: str) -> None:
        """A line of our own among the others'."""
        self._screen.line(text)

    def announce(self, text: str) -> None:
        """A line alone, for people and programs that wait for it."""
        self._screen.plain(text)

    def start(self, command: Command) -> Child:
        """Runs *command* from now until the end of ``stop``."""
        child = Child(command, next(self._colours))
        self._children.append(child)
        self._launch(child)
        return child

    def run_until(self, done: Callable[[], bool]) -> None:
        """Keeps everything running until *done*, or until somebody wants the end."""
        while not (self.stopping or done()):
            self.turn()

    def turn(self) -> None:
        """Waits a little for something to happen, and sees to it."""
        for key, _ in self._selector.select(_TICK_SECONDS):
            if isinstance(key.data, Pipe):
                self._read(key.data)
            else:
                self._signals.drain()
        now = time.monotonic()
        for child in self._children:
            self._look_after(child, now)
        self._end_rests(now)
        self._reaper.keep()

    def stop(self, children: list[Child], *, drain_seconds: float, hurry: bool = True) -> None:
        """Ends *children*: SIGTERM, *drain_seconds*, SIGKILL; with *hurry* at once where a second signal asks."""
        deadline = time.monotonic() + drain_seconds
        for child in children:
            child.wanted, child.due_at = False, None
            if child.process:
                child.process.terminate()
        while any(child.process for child in children) or self._rests:
            if time.monotonic() > deadline or (hurry and self._signals.stops > 1):
                tell([child.process.pid for child in children if child.process], signal.SIGKILL)
                self._rests = dict.fromkeys(self._rests, 0.0)
            self.turn()
        self._children = [child for child in self._children if child not in children]

    def _launch(self, child: Child) -> None:
        try:
            process = self._popen(child.command)
        except OSError as error:
            self._screen.line(f"{child.command.name} cannot be started: {error}")
            child.due_at = time.monotonic() + LONGEST_PAUSE_SECONDS
            return
        child.process, child.started_at, child.due_at = process, time.monotonic(), None
        self._reaper.watch(process.pid)
        assert process.stdout  # noqa: S101 - opened by _popen
        pipe = Pipe(process.stdout, child.command.name, child.colour, self._screen)
        self._selector.register(pipe.source, selectors.EVENT_READ, pipe)
        self._screen.line(f"{child.command.name} started (pid {process.pid})")

    def _popen(self, command: Command) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), *command.argv],
            env={**command.environ, MARK: self._reaper.mark},
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _read(self, pipe: Pipe) -> None:
        if not pipe.read():
            self._selector.unregister(pipe.source)
            pipe.source.close()

    def _look_after(self, child: Child, now: float) -> None:
        if child.process and child.process.poll() is not None:
            self._rests[child.process.pid] = now + REST_SECONDS
            tell([child.process.pid], signal.SIGTERM)
            self._bury(child, child.process.returncode, now)
        elif child.due_at is not None and now >= child.due_at:
            self._launch(child)

    def _bury(self, child: Child, code: int, now: float) -> None:
        child.process = None
        name = child.command.name
        if not child.wanted:
            self._screen.line(f"{name} {described(code)}")
            return
        pause = child.pause(now)
        child.due_at = now + pause
        if child.deaths >= DEATHS_TOLD:
            self._screen.line(
                f"{name} dies again and again: {described(code)}, {child.deaths} times in a row. "
                f"Its own lines above say why. Next try in {pause:g} s."
            )
        else:
            self._screen.line(f"{name} {described(code)}; starting it again in {pause:g} s")

    def _end_rests(self, now: float) -> None:
        for session, deadline in list(self._rests.items()):
            if not members([session]):
                del self._rests[session]
                self._reaper.forget(session)
            elif now > deadline:
                tell([session], signal.SIGKILL)

    def close(self) -> None:
        """Lets go of the output pipes that something still holds."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Pipe):
                with contextlib.suppress(OSError):
                    os.close(key.data.source.fileno())
        self._selector.close()

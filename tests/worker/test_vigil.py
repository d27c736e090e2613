"""The warden's turns, on a real Redis and real processes, without the worker around them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from jobs import events as ev
from jobs import keys
from jobs.catalogue import TypeEntry, WorkerEntry
from jobs.clock import now_ms
from jobs.errors import LogUnavailable
from jobs.files import new_id
from jobs.head import Head
from jobs.model import Job, JobState
from jobs.settings import Settings
from jobs.wiring import Parts, assemble
from jobs.writer import Writer
from tests.service import ROOT, RedisServer, redis_server, wait_for
from tests.worker.floor import alive
from worker import graces, processes
from worker.graces import leave
from worker.processes import MARK
from worker.registry import Crew, Registry, Run
from worker.vigil import Vigil
from worker.warden import Later

KIND = TypeEntry(name="thing", title="Thing", params_schema={})
LEASE_SECONDS = 2.0


class Post:
    """A worker of one run at a time, whose child only sleeps."""

    def __init__(self, url: str, folder: Path) -> None:
        settings = Settings.from_env({"REDIS_URL": url, "TAILRACE_DATA": str(folder), "TAILRACE_LEASE_SECONDS": "2"})
        self.shift_ms = 0
        self.rings = Later()
        self.parts: Parts = assemble(settings, clock=self.clock, doorbell=self.rings)
        self.registry = Registry(folder / "worker")
        self.registry.folder.mkdir()
        worker = WorkerEntry(id="w", types=["thing"], queues=["default"], concurrency=1, started_at="")
        pid = os.getpid()
        self.registry.create(Crew(worker=worker, types=[KIND], pid=pid, born=processes.born(pid)))
        self.children: list[subprocess.Popen[bytes]] = []
        self.vigil = self.another()

    def clock(self) -> int:
        return now_ms() + self.shift_ms

    def another(self) -> Vigil:
        life, catalogue = self.parts.lifecycle, self.parts.catalogue
        return Vigil(self.registry, life, catalogue, lease_seconds=LEASE_SECONDS, clock=self.clock)

    def claimed(self, **given: float) -> tuple[Run, "subprocess.Popen[bytes]"]:
        """A job that a sleeping child runs."""
        request = ev.Request(type="thing", params={}, **given)  # type: ignore[arg-type]
        job_id = self.parts.lifecycle.submit(new_id(), request).id
        job = self.parts.lifecycle.claim("default", {"thing": KIND}, "w:1")
        assert job is not None
        assert job.id == job_id
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"],
            env={**os.environ, MARK: f"{job.id}-{job.run}"},
            process_group=0,
        )
        self.children.append(child)
        run = Run(job=job.id, run=job.run, pid=child.pid, born=processes.born(child.pid))
        workdir = self.registry.enter(run)
        workdir.mkdir(parents=True)
        (workdir / "scratch").write_text("x")
        return run, child

    def head(self, run: Run) -> Head:
        return self.parts.lifecycle.head(run.job)

    def job(self, run: Run) -> Job:
        return self.parts.lifecycle.load(run.job)

    def until(self, right: Callable[[], object], seconds: float = 10) -> None:
        """Turns of the vigil until it is *right*."""

        def turned() -> object:
            self.vigil.turn()
            return right()

        wait_for(turned, seconds)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server(durable=True) as made:
        yield made


@pytest.fixture
def post(redis_url: str, tmp_path: Path) -> Iterator[Post]:
    yield from _manned(redis_url, tmp_path)


@pytest.fixture
def frail_post(server: RedisServer, tmp_path: Path) -> Iterator[Post]:
    yield from _manned(server.url, tmp_path)


def _manned(url: str, folder: Path) -> Iterator[Post]:
    made = Post(url, folder)
    yield made
    for child in made.children:
        child.kill()
        child.wait()
    made.parts.client.connection_pool.disconnect()


def test_a_living_child_keeps_its_lease_and_its_worker_is_known(post: Post) -> None:
    run, _ = post.claimed()
    post.vigil.turn()
    assert post.parts.index.overdue() == []
    assert [worker.id for worker in post.parts.catalogue.workers()] == ["w"]
    assert list(post.parts.catalogue.types()) == ["thing"]
    assert post.head(run).state is JobState.RUNNING


def test_a_dead_child_s_job_is_lost_at_the_next_turn_and_its_workdir_goes(post: Post) -> None:
    run, child = post.claimed()
    post.vigil.turn()
    child.kill()
    child.wait()
    post.vigil.turn()
    assert post.head(run).state is JobState.QUEUED
    assert post.registry.runs() == []
    assert not (post.registry.folder / "work" / run.key).exists()
    assert post.rings.queues.get_nowait() == "default"


def test_a_cancel_past_its_deadline_is_carried_out_and_told_after_the_processes_are_gone(post: Post) -> None:
    run, child = post.claimed()
    post.parts.lifecycle.cancel(run.job, grace_seconds=0.3)
    post.until(lambda: post.head(run).state is JobState.CANCELLED)
    assert not alive(child.pid)
    cancel = post.job(run).cancel
    assert cancel is not None
    assert cancel.mode == "killed"
    assert post.registry.runs() == []


def test_a_run_past_its_timeout_and_its_grace_is_killed_and_failed(post: Post) -> None:
    run, child = post.claimed(timeout_seconds=5)
    post.vigil.turn()
    post.shift_ms = round((5 + graces.TIMEOUT_SECONDS) * 1000) - 500
    post.vigil.turn()
    assert alive(child.pid)
    post.shift_ms += 1000
    post.until(lambda: post.head(run).state is JobState.FAILED)
    assert not alive(child.pid)
    assert post.head(run).error_code == "timeout"


def test_a_child_whose_job_was_given_to_another_is_killed_and_nothing_is_written(post: Post) -> None:
    run, child = post.claimed()
    post.vigil.turn()
    post.parts.lifecycle.lose(run.job)
    post.parts.lifecycle.claim("default", {"thing": KIND}, "other:1")
    seq = post.head(run).seq
    post.until(lambda: not alive(child.pid))
    post.vigil.turn()
    assert post.head(run).seq == seq
    assert post.head(run).worker == "other:1"


def test_a_child_that_has_just_ended_its_job_is_spared(post: Post) -> None:
    """Between the terminal event and the registry there is a moment: the process may already run the next job."""
    run, child = post.claimed()
    post.vigil.turn()
    Writer(post.parts.log, run.job, now_ms, run=run.run).write([ev.JobSucceeded()])
    post.vigil.turn()
    assert alive(child.pid)
    post.registry.leave(run)
    post.vigil.turn()
    assert alive(child.pid)
    assert psutil.Process(child.pid).status() != psutil.STATUS_STOPPED


def test_a_stopped_child_is_not_renewed(post: Post) -> None:
    run, child = post.claimed()
    os.kill(child.pid, signal.SIGSTOP)
    wait_for(lambda: processes.life(run.pid, run.born) is processes.Life.STOPPED)
    post.until(lambda: post.parts.index.overdue() == [run.job])


def test_a_lease_that_redis_forgot_is_taken_again_while_the_job_is_still_ours(post: Post) -> None:
    run, _ = post.claimed()
    post.parts.client.delete(keys.LEASES)
    post.until(lambda: post.parts.client.zscore(keys.LEASES, run.job))


def test_jobs_of_a_draining_worker_are_given_back_when_their_time_is_over(post: Post) -> None:
    run, child = post.claimed()
    post.registry.drain(leave(post.clock(), 0.3))
    post.vigil.turn()
    assert alive(child.pid)
    post.until(lambda: post.head(run).state is JobState.QUEUED)
    assert post.head(run).released
    assert post.head(run).attempt == 1
    assert not alive(child.pid)


def test_a_child_that_dies_while_its_worker_drains_costs_its_job_no_attempt(post: Post) -> None:
    run, child = post.claimed()
    post.registry.drain(leave(post.clock(), 60))
    child.kill()
    child.wait()
    post.until(lambda: post.head(run).released)


def test_a_worker_that_died_gives_up_its_jobs_at_once(post: Post) -> None:
    run, child = post.claimed()
    assert post.vigil.finish()
    assert post.head(run).state is JobState.QUEUED
    assert not post.head(run).released
    assert not alive(child.pid)
    assert post.parts.catalogue.workers() == []


def test_a_worker_that_died_while_it_drained_has_given_its_jobs_back(post: Post) -> None:
    run, _ = post.claimed()
    post.registry.drain(leave(post.clock(), 60))
    assert post.vigil.finish()
    assert post.head(run).released


def test_another_warden_takes_over_where_the_last_one_left_off(post: Post) -> None:
    run, child = post.claimed()
    post.vigil.turn()
    post.vigil = post.another()
    child.kill()
    child.wait()
    post.until(lambda: post.head(run).state is JobState.QUEUED)


def test_what_redis_lost_of_the_catalogue_is_published_again(post: Post) -> None:
    post.vigil.turn()
    post.parts.client.flushall()
    post.until(lambda: list(post.parts.catalogue.types()) == ["thing"])


def test_a_deadline_that_is_known_holds_while_redis_is_away_and_is_told_afterwards(
    frail_post: Post, server: RedisServer
) -> None:
    post = frail_post
    run, child = post.claimed()
    post.parts.lifecycle.cancel(run.job, grace_seconds=1)
    post.until(lambda: run.key in post.vigil._heads)
    server.kill()
    post.until(lambda: not alive(child.pid))
    assert post.vigil.away
    server.start()
    post.until(lambda: post.head(run).state is JobState.CANCELLED)


def test_a_healthy_child_is_not_taken_for_lost_because_redis_was_away_for_longer_than_a_lease(
    frail_post: Post, server: RedisServer
) -> None:
    post = frail_post
    run, child = post.claimed()
    post.vigil.turn()
    server.kill()
    post.until(lambda: post.vigil.away)
    with pytest.raises(LogUnavailable):
        post.parts.sweep.turn()
    server.start()
    wait_for(lambda: post.parts.index.overdue() == [run.job], what="the lease to have run out")
    assert post.parts.sweep.turn()
    assert post.head(run).state is JobState.RUNNING
    post.vigil.turn()
    assert not post.vigil.away
    assert post.parts.index.overdue() == []
    assert alive(child.pid)


def test_a_decision_on_a_job_that_is_gone_ends_the_run_and_not_the_warden(post: Post) -> None:
    run, child = post.claimed()
    post.parts.lifecycle.delete([run.job])
    child.kill()
    child.wait()
    post.vigil.turn()
    assert post.registry.runs() == []


def test_a_child_stopped_in_the_middle_of_a_claim_ends_after_a_lease(post: Post) -> None:
    child = _answering(post)
    os.kill(child.pid, signal.SIGSTOP)
    post.vigil.turn()
    assert alive(child.pid)
    post.until(lambda: not alive(child.pid))
    child.wait()
    post.until(lambda: post.registry.calls() == [])


def test_one_that_claims_for_long_is_left_to_it(post: Post) -> None:
    child = _answering(post)
    os.kill(child.pid, signal.SIGSTOP)
    post.vigil.turn()
    os.kill(child.pid, signal.SIGCONT)
    end = time.monotonic() + LEASE_SECONDS + 0.5
    post.until(lambda: time.monotonic() > end)
    assert alive(child.pid)


def test_a_worker_s_end_takes_along_what_is_in_the_middle_of_a_claim(post: Post) -> None:
    child = _answering(post)
    wait_for(post.vigil.finish)
    wait_for(lambda: not alive(child.pid))


def _answering(post: Post) -> "subprocess.Popen[bytes]":
    """A child that has begun to claim and gets no further."""
    script = "import sys, time, pathlib; from worker.registry import Registry\n"
    script += "with Registry(pathlib.Path(sys.argv[1])).answering(): time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", script, str(post.registry.folder)], cwd=ROOT, process_group=0)
    post.children.append(child)
    wait_for(post.registry.calls)
    return child

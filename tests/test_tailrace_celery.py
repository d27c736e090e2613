"""Tasks of a project that has Celery already: its own app, worker and messages; jobs all the same."""

import importlib.util
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded, TaskRevokedError

from jobs.files import is_id
from tests.service import BIN, ROOT, UNIT, Process, Service, redis_server, wait_for
from tests.worker.floor import alive
from worker.guests import job_id_of

PROJECT = ROOT / "tests" / "project"


class Shop:
    """The project as its own web process has it, its worker, and our web process beside it."""

    def __init__(self, service: Service, tasks: ModuleType) -> None:
        self.service, self.tasks = service, tasks

    def worker(self, *more: str) -> Process:
        env = {"PYTHONPATH": f"{PROJECT}:{ROOT}"}
        command = [str(BIN / "celery"), "--app", "shop", "worker", "--concurrency", "2", "--loglevel", "INFO", *more]
        before = {known.id for known in self.service.workers()}
        process = self.service._start("shop", command, env)
        #: By its id: one that was killed before counts for as long as its lease.
        wait_for(lambda: {known.id for known in self.service.workers()} - before, 30, what="the project's worker")
        return process

    def cancel(self, job_id: str, **body: Any) -> None:
        assert self.service.client.post(f"/v1/jobs/{job_id}/cancel", json=body).status_code in (200, 202)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with redis_server() as server, pytest.MonkeyPatch.context() as patch:
        service = Service(server)
        patch.setenv("REDIS_URL", server.url)
        patch.setenv("TAILRACE_DATA", service.folder)
        made = Shop(service, _module("shop", PROJECT / "shop.py"))
        try:
            service.web()
            made.worker()
            yield made
        finally:
            service.stop()
            made.tasks.app.close()


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_a_task_is_a_job_under_its_own_id_and_its_result_goes_to_both(shop: Shop) -> None:
    sent = shop.tasks.count.delay(20)
    assert is_id(sent.id)
    assert sent.get(timeout=20) == 40
    job = shop.service.wait(sent.id)
    assert (job["type"], job["state"], job["result"]) == ("shop.count", "succeeded", 40)
    assert job["params"] == {"args": [20], "kwargs": {}}
    assert job["steps"][0]["done"] == 20
    assert job["outputs"]["text"]["text"].endswith("18 19 ")
    assert job["metrics"]["counted"]["value"] == 20
    assert job["served"]


def test_its_events_are_streamed_by_our_web_process(shop: Shop) -> None:
    sent = shop.tasks.count.delay(3)
    with shop.service.client.stream("GET", f"/v1/jobs/{sent.id}/events?after=0") as stream:
        told = [line.removeprefix("event: ") for line in stream.iter_lines() if line.startswith("event: ")]
    assert [name for name in told if name.startswith("job.")][:2] == ["job.queued", "job.started"]
    assert "job.succeeded" in told
    assert told[-1] == "stream.end"


def test_a_cancelled_task_ends_at_its_cancel_point_and_its_result_is_revoked(shop: Shop, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    sent = shop.tasks.wait.delay(marks=str(marks))
    wait_for(marks.exists, what="the task to begin")
    shop.cancel(sent.id)
    job = shop.service.wait(sent.id)
    assert job["cancel"]["mode"] == "cooperative"
    assert "waiting" in [line["message"] for line in job["log"]]
    with pytest.raises(TaskRevokedError):
        sent.get(timeout=20)
    assert marks.read_text().split() == ["begin", "cancelled"]


def test_a_task_cancelled_while_it_waits_is_never_run(shop: Shop, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    sent = shop.tasks.wait.apply_async(kwargs={"marks": str(marks)}, countdown=1)
    shop.cancel(sent.id)
    assert shop.service.job(sent.id)["cancel"]["mode"] == "queued"
    with pytest.raises(TaskRevokedError):
        sent.get(timeout=20)
    assert not marks.exists()


def test_what_does_not_listen_is_killed_and_the_worker_goes_on(shop: Shop) -> None:
    sent = shop.tasks.deaf.delay()
    shop.service.wait(sent.id, "running")
    shop.cancel(sent.id, grace_seconds=1)
    job = shop.service.wait(sent.id)
    assert (job["type"], job["cancel"]["mode"]) == ("Shop.Deaf", "killed")
    assert shop.tasks.count.delay(1).get(timeout=20) == 2


def test_a_task_that_takes_too_long_fails_on_both_sides(shop: Shop) -> None:
    sent = shop.tasks.late.delay()
    with pytest.raises(SoftTimeLimitExceeded):
        sent.get(timeout=20)
    assert shop.service.wait(sent.id)["error"]["code"] == "timeout"


def test_celerys_own_soft_time_limit_still_holds(shop: Shop) -> None:
    sent = shop.tasks.soft.delay()
    with pytest.raises(SoftTimeLimitExceeded):
        sent.get(timeout=20)
    assert shop.service.wait(sent.id)["error"]["message"].startswith("SoftTimeLimitExceeded (ref ")


def test_what_a_task_raises_goes_to_celery_and_its_type_to_watchers(shop: Shop) -> None:
    sent = shop.tasks.broken.delay("secret")
    with pytest.raises(ValueError, match="secret"):
        sent.get(timeout=20)
    error = shop.service.wait(sent.id)["error"]
    assert error["message"].startswith("ValueError (ref ")
    assert "secret" not in error["message"]


def test_a_task_is_sent_again_by_its_project_and_not_by_http(shop: Shop) -> None:
    sent = shop.tasks.count.delay(1)
    shop.service.wait(sent.id)
    answer = shop.service.client.post(f"/v1/jobs/{sent.id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (404, "type_not_found")


def test_a_message_that_comes_twice_runs_once(shop: Shop, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    task_id = str(uuid.uuid4())
    for _ in range(3):
        shop.tasks.wait.apply_async(kwargs={"seconds": 0.2, "marks": str(marks)}, task_id=task_id)
    assert shop.service.wait(job_id_of(task_id))["state"] == "succeeded"
    after = shop.tasks.count.delay(1)
    assert after.get(timeout=20) == 2
    assert marks.read_text().split() == ["begin"]


def test_each_try_of_celery_is_a_job_of_its_own(shop: Shop) -> None:
    sent = shop.tasks.fickle.delay()
    assert sent.get(timeout=20) == 1
    first, second = (shop.service.wait(job_id_of(sent.id, retries)) for retries in (0, 1))
    assert (first["state"], first["error"]["code"]) == ("failed", "retry")
    assert (second["state"], second["result"], second["retry_of"]) == ("succeeded", 1, sent.id)


def test_a_result_that_no_event_can_carry_is_celerys_alone(shop: Shop) -> None:
    sent = shop.tasks.large.delay()
    assert len(sent.get(timeout=20)) == 100_000
    job = shop.service.wait(sent.id)
    assert (job["state"], job["result"]) == ("succeeded", None)
    assert "Celery's alone" in job["log"][0]["message"]


def test_a_task_sent_by_its_name_by_somebody_else_is_a_job_too(shop: Shop) -> None:
    sent = shop.tasks.app.send_task("shop.count", args=[2])
    assert sent.get(timeout=20) == 4
    assert shop.service.wait(job_id_of(sent.id))["result"] == 4


def test_a_revoked_task_is_a_cancelled_job(shop: Shop) -> None:
    sent = shop.tasks.count.apply_async(args=[1], expires=-1)
    assert shop.service.wait(sent.id)["state"] == "expired"


def test_other_tasks_of_the_project_are_no_jobs(shop: Shop) -> None:
    sent = shop.tasks.plain.delay(1)
    assert sent.get(timeout=20) == 2
    assert shop.service.client.get(f"/v1/jobs/{job_id_of(sent.id)}").status_code == 404


def test_our_own_sweep_rings_for_none_of_them(shop: Shop) -> None:
    import redis

    sent = shop.tasks.count.apply_async(args=[1], countdown=2)
    assert sent.get(timeout=20) == 2
    with redis.Redis.from_url(shop.service.redis.url) as client:
        assert not client.keys("tailrace.celery:*")


def test_a_task_called_as_a_function_or_eagerly_needs_no_service(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    monkeypatch.delenv("REDIS_URL")
    assert shop.tasks.count(3) == 6
    assert shop.tasks.count.apply(args=[4]).get() == 8
    with pytest.raises(ValueError, match="as it is"):
        shop.tasks.broken("as it is")
    with pytest.raises(RuntimeError):
        _ = shop.tasks.count.tailrace


def test_a_lost_worker_is_noticed_and_its_task_has_failed(shop: Shop, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    worker = shop.service.processes[-1]
    sent = shop.tasks.wait.delay(marks=str(marks))
    wait_for(marks.exists, what="the task to begin")
    family = worker.children()
    killed = time.monotonic()
    worker.kill()
    job = shop.service.wait(sent.id)
    assert time.monotonic() - killed < 10 * UNIT
    assert job["error"]["code"] == "worker_lost"
    wait_for(lambda: not any(alive(process.pid) for process in family), what="its children to be gone")


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_in_a_pool_that_shares_its_process_a_task_is_a_job_as_well(shop: Shop, pool: str) -> None:
    worker = shop.worker("--pool", pool)
    sent = shop.tasks.count.delay(5)
    assert sent.get(timeout=20) == 10
    assert shop.service.wait(sent.id)["result"] == 10
    waiting = shop.tasks.wait.delay()
    shop.service.wait(waiting.id, "running")
    shop.cancel(waiting.id)
    assert shop.service.wait(waiting.id)["cancel"]["mode"] == "cooperative"
    worker.stop()


def test_importing_it_reads_no_setting_and_opens_nothing() -> None:
    code = "import tailrace_celery, threading; print(tailrace_celery._post.guard, threading.active_count())"
    env = {"PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "1"]

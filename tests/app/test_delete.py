from pathlib import Path

from flask.testing import FlaskClient

from jobs import events as ev
from tests.app.conftest import Web, files_below, problem


def test_a_deleted_job_leaves_nothing_behind(web: Web) -> None:
    job = web.submit()
    web.run()
    web.artifact(job["id"], "a.txt", b"text", "text/plain")
    web.write(job["id"], ev.JobSucceeded())
    folder = Path(web.parts.settings.files_url, "artifacts", job["id"])
    assert len(files_below(folder)) == 1
    answer = web.client.delete(f"/v1/jobs/{job['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert not folder.exists()
    left = {key.rpartition(b":")[2] for key in web.parts.client.scan_iter("tr1:*")}
    #: Of the feed: numbers that were given away stay so.
    assert left == {b"catalogue", b"queues", b"feed", b"at"}
    for path in ("", "/cancel", "/artifacts/a.txt"):
        method = "POST" if path == "/cancel" else "GET"
        problem(web.client.open(f"/v1/jobs/{job['id']}{path}", method=method), 404, "job_not_found")
    problem(web.client.delete(f"/v1/jobs/{job['id']}"), 404, "job_not_found")
    assert web.client.get("/v1/jobs").json["jobs"] == []


def test_a_move_of_a_job_that_never_was_is_not_found(client: FlaskClient) -> None:
    for method, path in (("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")):
        problem(client.open(f"/v1/jobs/{'0' * 26}{path}", method=method), 404, "job_not_found")

import hashlib
import io
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ulid import ULID

from jobs import keys
from jobs.clock import now_ms
from jobs.errors import FileNotFound, FileTooLarge, InvalidEvent
from jobs.files import CHUNK, FileRecord, FileStore, is_id, new_id
from jobs.names import NAME_BYTES, plain_name
from tests.jobs.conftest import Yard

CSV = b"a,b\n1,2\n"


def save(yard: Yard, data: bytes = CSV, *, name: str = "a.csv", limit: int = 10**7) -> FileRecord:
    return yard.files.save(io.BytesIO(data), name=name, media_type="text/csv", limit=limit)


# Names and ids ---------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.text(
        st.sampled_from('a.b /\\ü中\U0001f600\u0301\u0338<>:|?*"\0\n\u2028\u200f~$%') | st.characters(), max_size=90
    )
)
@example("报告" * 100 + ".html")
@example("." + "x" * 300 + " .csv ")
@example("a<\u0301")
def test_a_plain_name_is_one_name_of_a_file_system_and_stays_as_it_is(name: str) -> None:
    try:
        plain = plain_name(name)
    except InvalidEvent:
        return
    assert plain_name(plain) == plain == unicodedata.normalize("NFC", plain)
    assert 0 < len(plain.encode()) <= NAME_BYTES
    assert not set(plain) & set('/\\<>:"|?*\0\r\n')
    assert plain.isprintable()
    assert plain not in {".", ".."}
    assert not plain.startswith((".", " "))


@pytest.mark.parametrize("name", ["", ".", "..", "...", "/", "a/", "../..", "\0\n", " . ", "???", "\ud800"])
def test_what_leaves_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidEvent):
        plain_name(name)


def test_an_id_is_a_ulid_that_begins_with_its_time() -> None:
    before = now_ms()
    ids = [new_id() for _ in range(100)]
    after = now_ms()
    assert all(is_id(each) and str(ULID.from_str(each.upper())).lower() == each for each in ids)
    assert all(before <= ULID.from_str(each.upper()).milliseconds <= after for each in ids)
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == ids, "also within a millisecond"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\报告.csv", "报告.csv"),
        (".htaccess", "htaccess"),
        ('a"b\r\nc.csv', "abc.csv"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_of_a_path_the_last_name_is_kept_with_its_extension(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_ids_are_unlike_one_another_ordered_by_time_and_fit_for_a_url() -> None:
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert all(is_id(one) for one in ids)
    assert [one[:10] for one in ids] == sorted(one[:10] for one in ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 26,
        "8" + "0" * 25,
        "0" * 25,
        "0" * 27,
        "0" * 25 + "u",
        "0" * 25 + "A",
        "0" * 26 + "\n",
        "../" * 9,
        "\u0660" * 26,
    ],
)
def test_what_could_not_be_an_id_is_none(text: str) -> None:
    assert not is_id(text)


# Uploads ---------------------------------------------------------------------------------------------------------


def test_an_upload_is_found_again_and_can_be_fetched(yard: Yard, tmp_path: Path) -> None:
    data = bytes(range(256)) * 3000
    record = save(yard, data)

    assert yard.files.find(record.id) == record
    assert (record.bytes, record.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    yard.files.fetch(record.id, str(tmp_path / "here"))
    assert (tmp_path / "here").read_bytes() == data


def test_an_upload_may_be_empty(yard: Yard) -> None:
    assert save(yard, b"").bytes == 0


def test_an_upload_may_be_as_large_as_the_limit_and_one_byte_more_leaves_nothing(yard: Yard, tmp_path: Path) -> None:
    assert save(yard, b"x" * 600_000, limit=600_000).bytes == 600_000
    before = set(tmp_path.rglob("*"))

    with pytest.raises(FileTooLarge, match="600000"):
        save(yard, b"x" * 600_001, limit=600_000)
    assert set(tmp_path.rglob("*")) == before
    assert yard.client.zcard(keys.FILES) == 1


def test_an_upload_that_breaks_off_leaves_nothing(yard: Yard, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > CHUNK:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        yard.files.save(Broken(b"x" * 10**6), name="a", media_type="a/b", limit=10**7)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert yard.client.keys("*") == []


@pytest.mark.parametrize("file_id", ["", "../../etc/passwd", "0" * 26, "x" * 10_000, "0" * 25 + "\n"])
def test_an_upload_that_is_not_there_is_not_found(yard: Yard, file_id: str) -> None:
    with pytest.raises(FileNotFound) as missing:
        yard.files.find(file_id)
    assert len(str(missing.value)) < 100


def test_an_upload_lives_as_long_as_a_job_holds_it(yard: Yard) -> None:
    record = save(yard)
    yard.clock.now += 100
    assert yard.files.unused(yard.clock.now) == [(record.id, [])]

    yard.files.hold([record.id], "job")
    assert yard.files.unused(yard.clock.now - 1) == []
    assert yard.files.unused(yard.clock.now) == [(record.id, ["job"])]
    yard.clock.now += 100
    yard.files.postpone(record.id)
    assert yard.files.unused(yard.clock.now - 1) == []


def test_a_deleted_upload_is_gone(yard: Yard, tmp_path: Path) -> None:
    record = save(yard)
    yard.files.hold([record.id], "job")
    yard.files.delete(record.id)
    yard.files.delete(record.id)
    yard.files.postpone(record.id)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert yard.client.keys("*") == []


# Artifacts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chart.svg", "报告" * 32 + ".md", "a b (1).csv", "%2e%2e.txt"])
def test_an_artifact_is_read_back(yard: Yard, name: str) -> None:
    job_id = new_id()
    size, sha256 = yard.files.keep(job_id, name, iter([b"ab", b"", b"c"]))

    with yard.files.open_artifact(job_id, name) as file:
        assert (file.seek(1), file.read()) == (1, b"bc")
    assert (size, sha256) == (3, hashlib.sha256(b"abc").hexdigest())


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "", ".", "a\\b", "x\0", "x\n", "missing.txt"])
def test_an_artifact_of_another_name_or_of_none_is_not_found(yard: Yard, name: str) -> None:
    job_id = new_id()
    yard.files.keep(job_id, "there.txt", iter([b"x"]))

    with pytest.raises((FileNotFound, InvalidEvent)):
        yard.files.open_artifact(job_id, name)
    with pytest.raises(FileNotFound):
        yard.files.open_artifact("../artifacts/" + job_id, "there.txt")


def test_a_jobs_artifacts_go_together_and_no_others_with_them(yard: Yard, tmp_path: Path) -> None:
    mine, other = new_id(), new_id()
    for job_id in (mine, mine, other):
        yard.files.keep(job_id, f"{job_id}.txt", iter([b"x"]))
    yard.files.delete_artifacts(mine)
    yard.files.delete_artifacts(mine)

    assert not (tmp_path / "artifacts" / mine).exists()
    assert yard.files.open_artifact(other, f"{other}.txt").read() == b"x"


def test_one_artifact_can_be_dropped_and_dropped_again(yard: Yard) -> None:
    job_id = new_id()
    for name in ("a", "b"):
        yard.files.keep(job_id, name, iter([b"x"]))
    yard.files.drop_artifact(job_id, "a")
    yard.files.drop_artifact(job_id, "a")

    with pytest.raises(FileNotFound):
        yard.files.open_artifact(job_id, "a")
    assert yard.files.open_artifact(job_id, "b").read() == b"x"


def test_files_may_lie_in_any_store_that_fsspec_knows(yard: Yard) -> None:
    client: Any = yard.client
    store = FileStore("memory://bucket/tailrace", client, yard.clock)
    record = store.save(io.BytesIO(CSV), name="a", media_type="a/b", limit=100)
    job_id = new_id()
    store.keep(job_id, "a.txt", iter([CSV]))

    assert store.open_artifact(job_id, "a.txt").read() == CSV
    store.delete(record.id)
    store.delete_artifacts(job_id)
    with pytest.raises(FileNotFound):
        store.open_artifact(job_id, "a.txt")

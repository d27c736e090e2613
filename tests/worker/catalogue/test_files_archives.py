"""Archives are opened safely: nothing that one claims or holds leads out of a folder or fills it."""

import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worker.catalogue.batches import EVIL_TAR, bomb, member, overlapping, tarred, zipped
from worker.catalogue.files import limits, streams
from worker.catalogue.files.archives import archive
from worker.catalogue.files.refused import Refused
from worker.outcomes import Cancelled, JobFailed

Made = Callable[[bytes], Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def write(data: bytes) -> Path:
        path = tmp_path / "archive"
        path.write_bytes(data)
        return path

    return write


def unpacked(path: Path, folder: Path) -> dict[str, bytes | str]:
    """What comes of each entry: its bytes, or the code of its refusal."""
    batch = archive(path, lambda: None)
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, bytes | str] = {one.path: one.refusal.code for one in batch.entries if one.refusal is not None}
    for entry, copy in batch.copies([one for one in batch.entries if one.refusal is None], folder):
        found[entry.path] = copy.code if isinstance(copy, Refused) else copy.read_bytes()
    return found


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_a_tar_gives_its_files_however_it_is_packed(packing: str, made: Made, tmp_path: Path) -> None:
    entries = [(member("a", tarfile.DIRTYPE), b""), (member("a/b.txt"), b"x" * 70_000), (member("a/ü.txt"), b"")]
    path = made(tarred(entries, packing))
    assert unpacked(path, tmp_path / "out") == {"a/b.txt": b"x" * 70_000, "a/ü.txt": b""}


def test_a_zip_gives_its_files(made: Made, tmp_path: Path) -> None:
    path = made(zipped({"a/": b"", "a/b.txt": b"x" * 70_000, "ü.txt": b""}))
    assert unpacked(path, tmp_path / "out") == {"a/b.txt": b"x" * 70_000, "ü.txt": b""}


def test_of_a_tar_any_files_can_be_had_without_the_others(made: Made, tmp_path: Path) -> None:
    batch = archive(made(tarred([(member(f"{n}.txt"), b"%d" % n) for n in range(9)], "gz")), lambda: None)
    found = [copy.read_bytes() for _, copy in batch.copies(batch.entries[3:8:2], tmp_path) if isinstance(copy, Path)]
    assert found == [b"3", b"5", b"7"]


def test_nothing_of_a_tar_lands_outside_and_the_good_file_is_had(made: Made, tmp_path: Path) -> None:
    found = unpacked(made(EVIL_TAR), tmp_path / "a" / "b")
    assert found.pop("./good.txt") == "duplicate_name"
    assert found.pop("link/passwd") == b"evil", "a file like any other: the link beside it was never made"
    assert found.pop("good.txt") == b"good"
    assert found == {
        "../../escaped.txt": "unsafe_path",
        "/tmp/escaped-absolutely.txt": "unsafe_path",  # noqa: S108 - as above
        "link": "link",
        "hard": "link",
        "device": "no_file",
        "pipe": "no_file",
    }
    assert not list(tmp_path.rglob("escaped*"))
    assert not Path("/tmp/escaped-absolutely.txt").exists()  # noqa: S108 - as above


def test_nothing_of_a_zip_lands_outside(made: Made, tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name in ("../escaped.txt", "..\\escaped.txt", "/escaped.txt", "C:/escaped.txt", "a/b.txt"):
            packed.writestr(name, b"x")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    found = unpacked(made(data.getvalue()), tmp_path / "a" / "b")
    assert found.pop("a/b.txt") == b"x"
    assert found.pop("link") == "link"
    assert set(found.values()) == {"unsafe_path"}
    assert not list(tmp_path.rglob("escaped*"))


def test_a_file_that_would_unfold_a_thousandfold_is_refused_alone(made: Made, tmp_path: Path) -> None:
    assert unpacked(made(bomb()), tmp_path / "out") == {"zeros.bin": "bomb"}


def failure_of(path: Path) -> str:
    with pytest.raises(JobFailed) as failed:
        archive(path, lambda: None)
    return failed.value.code


def test_entries_that_share_their_bytes_are_a_bomb(made: Made) -> None:
    assert failure_of(made(overlapping())) == "archive_bomb"


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_a_tar_that_unfolds_a_thousandfold_is_given_up_before_it_has(
    packing: str, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RATIO_FROM_BYTES", 1 << 20)
    assert failure_of(made(tarred([(member("zeros"), bytes(4 << 20))], packing))) == "archive_bomb"


def test_a_header_that_claims_to_be_huge_is_not_read_into_memory(made: Made) -> None:
    info = member("x", tarfile.XHDTYPE)
    info.size = 1 << 40
    assert failure_of(made(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))) == "archive_bomb"


def test_a_zip_whose_directory_is_huge_is_not_read_into_memory(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DIRECTORY_BYTES", 100_000)
    assert failure_of(made(zipped({f"{n:05}": b"" for n in range(2000)}))) == "archive_bomb"


def test_more_files_than_a_batch_may_have_are_none(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILES", 10)
    files = {f"{n}": b"" for n in range(11)}
    assert failure_of(made(zipped(files))) == "too_many_files"
    assert failure_of(made(tarred([(member(name), b"") for name in files]))) == "too_many_files"


def test_more_bytes_than_a_batch_may_have_are_none(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BATCH_BYTES", 10_000)
    assert failure_of(made(zipped({"a": bytes(6_000), "b": bytes(6_000)}))) == "too_large"
    assert failure_of(made(tarred([(member("a"), bytes(12_000)), (member("b"), b"")]))) == "too_large"


def test_an_xz_that_wants_a_gigabyte_to_be_unpacked_is_refused(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_WINDOW_BYTES", 1 << 20)
    data = lzma.compress(tarred([(member("a"), b"a")]), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 8 << 20}])
    assert failure_of(made(data)) == "broken_archive"


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_an_archive_that_ends_too_early_fails_as_a_whole(packing: str, made: Made) -> None:
    whole = tarred([(member(f"{n}"), bytes(range(256)) * 40) for n in range(20)], packing)
    assert failure_of(made(whole[: len(whole) // 2])) == "broken_archive"


def test_a_damaged_entry_fails_alone(made: Made, tmp_path: Path) -> None:
    whole = bytearray(zipped({"a": b"a" * 999, "b": b"b" * 999}))
    whole[35] ^= 0xFF
    found = unpacked(made(bytes(whole)), tmp_path / "out")
    assert found == {"a": "broken_entry", "b": b"b" * 999}


def test_an_encrypted_entry_says_so(made: Made, tmp_path: Path) -> None:
    whole = bytearray(zipped({"a": b"a"}))
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    assert unpacked(made(bytes(whole)), tmp_path / "out") == {"a": "encrypted"}


@pytest.mark.parametrize("codec", ["gb18030", "cp932", "utf-8"])
def test_names_in_an_old_encoding_are_read(codec: str, made: Made, tmp_path: Path) -> None:
    name = {"gb18030": "销售数据报告和年度总结", "cp932": "売上データのまとめ報告書です", "utf-8": "größe"}[codec]
    raw = name.encode(codec)
    stand_in = "x" * len(raw)
    data = zipped({stand_in: b"1"}).replace(stand_in.encode(), raw)
    assert unpacked(made(data), tmp_path / "out") == {name: b"1"}


@pytest.mark.parametrize(
    ("data", "says"), [(b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!", "RAR"), (b"", "no zip"), (b"a,b\n", "no")]
)
def test_what_is_no_archive_is_named(data: bytes, says: str, made: Made) -> None:
    with pytest.raises(JobFailed, match=says) as failed:
        archive(made(data), lambda: None)
    assert failed.value.code == "unknown_archive"


def test_a_cancel_is_seen_in_the_midst_of_unpacking(made: Made) -> None:
    looks = iter([None] * 20)

    def look() -> None:
        if next(looks, True):
            raise Cancelled

    path = made(tarred([(member("a"), bytes(range(256)) * 40_000)], "gz"))
    with pytest.raises(Cancelled):
        archive(path, look)


def test_a_copy_that_grows_beyond_what_it_may_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    with pytest.raises(Refused):
        streams.copy(io.BytesIO(bytes(100)), target, lambda: None, most=99)
    assert not target.exists()

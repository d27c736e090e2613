"""Who is compared is made ready at once, and whoever cannot be had is left out and said to be."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.field import native
from bench.field.ground import Field, Subject, Target
from bench.field.installs import once
from tests.service import UNIT


@contextmanager
def never(_field: Field, _channels: int) -> Iterator[Target]:
    raise AssertionError
    yield


def test_all_are_made_ready_at_the_same_time(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=20 * UNIT)

    def lacks(_field: Field) -> str | None:
        meeting.wait()
        return None

    field = Field([Subject(name, never, lacks) for name in ("one", "other")], folder=tmp_path)

    field.prepare(["one", "other"])

    assert field.having(["other", "one"]) == ["other", "one"]


def test_whoever_cannot_be_had_is_left_out_and_said_to_be_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def lacks(_field: Field) -> str | None:
        asked.append("asked")
        return "it is not for sale"

    field = Field([Subject("it", never, lacks)], folder=tmp_path)

    assert field.having(["it"]) == field.having(["it"]) == []
    assert asked == ["asked"]
    assert capsys.readouterr().out == "it is left out: it is not for sale\n"


def test_without_a_compiler_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert native.lacking(tmp_path) == native.LACKING


def test_a_compiler_that_lacks_its_headers_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho no stdio.h >&2\nexit 1\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    said = native.lacking(tmp_path / "made")

    assert said is not None
    assert "no stdio.h" in said
    assert "libc6-dev" in said


def test_what_several_need_is_made_by_one_of_them(tmp_path: Path) -> None:
    inside: list[int] = []

    def make() -> None:
        with once(tmp_path, "it"):
            inside.append(1)
            assert sum(inside) == 1
            inside.append(-1)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert inside == [1, -1] * 8

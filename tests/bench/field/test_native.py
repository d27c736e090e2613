"""What is compiled, and what it takes to be."""

from pathlib import Path

import pytest

from bench.field import native


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

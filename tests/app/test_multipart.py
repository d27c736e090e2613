from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bodies import Body
from app.multipart import FilePart
from app.problems import Problem

HEAD = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
TAIL = b"\r\n--edge--\r\n"
WHOLE = HEAD + b"x" * 10 + TAIL
#: Bytes that nearly are a boundary, and those that are not.
DATA = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", b"edge", b"--edg", b"\r\n--", b"x" * 70])
    | st.binary(max_size=9)
).map(b"".join)


class _Pieces:
    """A body that arrives in pieces of *sizes*, over and over."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._pieces = self._cut(data, sizes)

    @staticmethod
    def _cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
        while data:
            for size in sizes:
                yield data[:size]
                data = data[size:]

    def read(self, _size: int) -> bytes:
        return next((piece for piece in self._pieces if piece), b"")


def _read(data: bytes, sizes: list[int]) -> bytes:
    part = FilePart(cast("Body", _Pieces(data, sizes)), "edge")
    return b"".join(iter(lambda: part.read(10), b""))


@given(
    data=DATA.filter(lambda data: b"\r\n--edge" not in data),
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_a_file_comes_through_whatever_it_holds_and_however_it_arrives(data: bytes, sizes: list[int]) -> None:
    assert _read(HEAD + data + TAIL, sizes) == data


@given(cut=st.integers(0, len(WHOLE) - len(b"\r\n") - 1), sizes=st.lists(st.integers(1, 50), min_size=1, max_size=3))
def test_a_form_that_ends_early_is_never_taken_for_whole(cut: int, sizes: list[int]) -> None:
    with pytest.raises(Problem) as refused:
        _read(WHOLE[:cut], sizes)
    assert refused.value.number in {400, 422}


def test_a_boundary_of_which_the_end_comes_late_adds_nothing_to_the_file() -> None:
    whole = HEAD + b"x" + TAIL
    for cut in range(len(whole)):
        assert _read(whole, [cut or len(whole), len(whole)]) == b"x"


@pytest.mark.parametrize("space", [b"", b" ", b" \t "])
def test_white_space_behind_a_boundary_and_text_around_the_parts_are_let_pass(space: bytes) -> None:
    begin = HEAD.replace(b"--edge", b"--edge" + space, 1)
    assert _read(b"This is a form.\r\n" + begin + b"x\r\n--edge--" + space + b"\r\nThat was a form.", [7]) == b"x"

"""Passages: no text is lost, none is too long, and each can be looked up."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.agent.extract import pieces
from worker.catalogue.agent.limits import PASSAGE_CHARS
from worker.catalogue.agent.passages import passages, placed
from worker.catalogue.agent.words import stem, telling, words
from worker.catalogue.documents.pieces import Piece
from worker.outcomes import JobFailed

LETTER = "Dear reader,\n\nthe bridge was closed\nfor two days in May.\n\n\n\nYours\n"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=1500).filter(str.strip), max_size=5))
def test_no_text_is_lost_and_no_passage_is_too_long(texts: list[str]) -> None:
    read = [Piece(unit="line", first=n, last=n, text=text) for n, text in enumerate(texts, 1)]
    found = list(passages("a.txt", read))
    assert all(0 < len(passage.text) <= PASSAGE_CHARS for passage in found)
    assert "".join("".join(passage.text for passage in found).split()) == "".join("".join(texts).split())


def test_a_passage_says_on_which_lines_it_stands() -> None:
    found = list(passages("a.txt", pieces(io.BytesIO(LETTER.encode()), "a.txt")))
    assert [(passage.place, passage.text.count("\n")) for passage in found] == [("lines 1–8", 3)]
    assert [(piece.first, piece.last) for piece in pieces(io.BytesIO(LETTER.encode()), "a.txt")] == [
        (1, 1),
        (3, 4),
        (8, 8),
    ]


def test_a_passage_stands_on_one_page() -> None:
    read = [Piece(unit="page", first=n, last=n, text=f"Page {n}.") for n in (1, 1, 2)]
    assert [passage.place for passage in passages("a.pdf", read)] == ["page 1", "page 2"]


def test_a_place_is_told_as_people_look_it_up() -> None:
    assert placed("line", 3, 3) == "line 3"
    assert placed("paragraph", 3, 5) == "paragraphs 3–5"


def test_html_is_read_as_it_is_seen() -> None:
    head = b"<html><head><title>T</title><script>no()</script></head>"
    page = head + b"<body><h1>One</h1><p>Two <b>three</b></p><p>Four</body>"
    assert [piece.text for piece in pieces(io.BytesIO(page), "a.html")] == ["T One", "Two three", "Four"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (bytes(range(256)) * 8, "binary"),
        (b"%PDF-1.4 and nothing more", "damaged"),
        (b"PK\x03\x04 and nothing more", "damaged"),
    ],
)
def test_what_is_no_document_says_why(data: bytes, why: str) -> None:
    with pytest.raises(JobFailed) as failed:
        list(pieces(io.BytesIO(data), "a.bin"))
    assert failed.value.code == "unreadable"
    assert why in failed.value.message


def test_an_encoding_is_found() -> None:
    text = "销售额在三月达到最高。\n利润下降了。\n" * 5
    first = next(pieces(io.BytesIO(text.encode("gb18030")), "a.txt"))
    assert first.text.startswith("销售额在三月")


def test_words_are_compared_without_their_endings() -> None:
    assert words("The Delays, of 3 cities’ Airports!") == ["the", "delay", "of", "3", "city", "airport"]
    assert [stem(word) for word in ("class", "gas", "boxes", "analysis", "status")] == [
        "class",
        "gas",
        "box",
        "analysis",
        "status",
    ]


def test_chinese_is_compared_by_pairs() -> None:
    assert words("销售额Q4") == ["销售", "售额", "q4"]
    assert telling("What is the 利润 of it?") == ["利润"]


def test_a_word_document_is_read_with_its_tables() -> None:
    import docx

    document = docx.Document()
    document.add_paragraph("The deposit is 1,900.")
    row = document.add_table(1, 2).rows[0]
    row.cells[0].text, row.cells[1].text = "Heating", "apart"
    file = io.BytesIO()
    document.save(file)
    file.seek(0)
    assert [piece.text for piece in pieces(file, "a.docx")] == ["The deposit is 1,900.", "Heating | apart"]


def test_a_pdf_is_read_page_by_page() -> None:
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    file = io.BytesIO()
    with PdfPages(file) as pdf:
        for text in ("The first page.", "The second page."):
            figure = Figure()
            figure.text(0.1, 0.5, text)
            pdf.savefig(figure)
    file.seek(0)
    found = [(piece.first, piece.text) for piece in pieces(file, "a.pdf")]
    assert found == [(1, "The first page."), (2, "The second page.")]

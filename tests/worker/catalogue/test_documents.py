"""A document is read once, with its places: whoever asks for it joins the pieces as it needs them."""

import io

import pytest

from tests.worker.catalogue.batches import docx, pdf, zipped
from worker.catalogue.documents import markup, word
from worker.catalogue.documents.package import package
from worker.catalogue.documents.pdf import pages
from worker.catalogue.documents.pieces import Unreadable


def pdf_of(*texts: str) -> io.BytesIO:
    from pypdf import PdfWriter

    writer, made = PdfWriter(), io.BytesIO()
    for text in texts:
        writer.append(io.BytesIO(pdf(text)))
    writer.write(made)
    return made


def test_a_page_without_text_has_its_number_too() -> None:
    found = [(page.first, page.text) for page in pages(pdf_of("One", "", "Three"))]
    assert found == [(1, "One"), (2, ""), (3, "Three")]


def test_a_pdf_with_more_pages_than_are_wanted_is_refused_before_one_is_read() -> None:
    three = pdf_of("One", "Two", "Three")
    assert len(list(pages(three, 3))) == 3
    with pytest.raises(Unreadable, match="more than 2 pages") as refused:
        next(pages(three, 2))
    assert refused.value.code == "too_large"


def test_rows_stand_among_the_paragraphs_where_they_are() -> None:
    import docx as library

    document, made = library.Document(), io.BytesIO()
    document.add_paragraph("Before")
    row = document.add_table(1, 2).rows[0]
    row.cells[0].text, row.cells[1].text = "a", "b"
    document.add_paragraph("After")
    document.save(made)
    found = [(piece.first, piece.text) for piece in word.paragraphs(made, " | ")]
    assert found == [(1, "Before"), (2, "a | b"), (3, "After")]


def test_what_an_archive_unfolds_to_is_known_before_it_is_opened() -> None:
    found = package(io.BytesIO(zipped({"word/document.xml": bytes(5_000), "a": bytes(1_000)})))
    assert found is not None
    assert (found.size, found.is_document) == (6_000, True)
    other = package(io.BytesIO(zipped({"a": b""})))
    assert other is not None
    assert not other.is_document
    assert package(io.BytesIO(docx("x")[:100])) is None


def test_a_page_is_read_by_its_blocks_with_its_title_before_the_first() -> None:
    page = b"<title>T</title><script>x()</script><h1>One</h1><p>Two <b>three</b></p><style>p{}</style><p>Four"
    assert [piece.text for piece in markup.paragraphs(page)] == ["T\n\nOne", "Two\nthree", "Four"]
    assert [piece.text for piece in markup.paragraphs(b"<title>T</title>")] == ["T"]


def test_a_page_in_utf8_is_read_as_that_whatever_it_says_of_itself() -> None:
    page = '<meta charset="iso-8859-1"><p>Größe'.encode()
    assert [piece.text for piece in markup.paragraphs(page)] == ["Größe"]
    assert [piece.text for piece in markup.paragraphs('<meta charset="cp1251"><p>Привет'.encode("cp1251"))] == [
        "Привет"
    ]


def test_a_page_that_is_nested_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(markup, "BeautifulSoup", deep)
    with pytest.raises(Unreadable) as refused:
        list(markup.paragraphs(b"<p>"))
    assert refused.value.code == "broken_html"

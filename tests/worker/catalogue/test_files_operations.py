"""What is made of each file, and what is said of one that is broken or of another kind."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.catalogue.batches import docx, pdf, picture, zipped
from worker.catalogue.files import checksums, limits, pictures, tables, texts
from worker.catalogue.files.params import Parquet, Picture
from worker.catalogue.files.refused import Refused

Worked = Callable[..., tuple[dict[str, Any], bytes]]


@pytest.fixture
def worked(tmp_path: Path) -> Worked:
    """What is told of a file, and its result: `worked(texts, "a.pdf", data, **operation)`."""

    def run(shop: Any, name: str, data: bytes, **operation: Any) -> tuple[dict[str, Any], bytes]:
        source, target = tmp_path / "1", tmp_path / "2"
        source.write_bytes(data)
        target.unlink(missing_ok=True)
        told = shop.work(source, name, target, operation)
        assert {path.name for path in tmp_path.iterdir()} <= {"1", "2"}
        return told, target.read_bytes() if target.exists() else b""

    return run


def refusal(worked: Worked, *given: Any, **operation: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        worked(*given, **operation)
    return refused.value.state, refused.value.code


def test_checksums_are_those_that_other_programs_find(worked: Worked) -> None:
    told, _ = worked(checksums, "a", b"123456789")
    sha256 = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"
    assert told == {"bytes": 9, "sha256": sha256, "crc32": "cbf43926"}


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.pdf", pdf("Hello out there"), "Hello out there"),
        ("no ending", pdf("Hello"), "Hello"),
        ("a.docx", docx("First", "Größe", cells=["a", "b"]), "First\nGröße\na\tb"),
        ("a.html", b"<title>T</title><script>x()</script><p>One <b>two</b></p><style>p{}</style>", "T\n\nOne\ntwo"),
        ("a.txt", "Größe\r\nzwei\r".encode(), "Größe\nzwei"),
        ("a.txt", "Größe".encode("utf-16"), "Größe"),
        ("a.txt", "这是一个关于年度销售数据的报告\n".encode("gb18030"), "这是一个关于年度销售数据的报告"),
        ("a.log", b"", ""),
        ("a.txt", b"<html>as it is", "<html>as it is"),
    ],
)
def test_text_is_taken_out_of_what_has_any(name: str, data: bytes, text: str, worked: Worked) -> None:
    told, result = worked(texts, name, data)
    assert result.decode().strip() == text
    assert told["characters"] == len(result.decode())


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", b"no PDF", ("failed", "broken_pdf")),
        ("a.pdf", pdf("x")[:50], ("failed", "broken_pdf")),
        ("a.pdf", pdf(""), ("failed", "no_text")),
        ("a.docx", b"PK\x03\x04rest", ("failed", "broken_docx")),
        ("a.docx", zipped({"word/document.xml": b"<broken"}), ("failed", "broken_docx")),
        ("a.docx", zipped({"a": b""}), ("failed", "broken_docx")),
        ("a.html", bytes(100), ("failed", "broken_html")),
        ("a.txt", bytes(100), ("failed", "broken_plain")),
        ("a.bin", bytes(100), ("skipped", "not_a_text")),
        ("a.png", b"\x89PNG\r\n\x1a\n\x00\x00", ("skipped", "not_a_text")),
    ],
)
def test_what_has_no_text_says_why(name: str, data: bytes, said: tuple[str, str], worked: Worked) -> None:
    assert refusal(worked, texts, name, data) == said


def test_a_pdf_with_a_password_says_so(worked: Worked) -> None:
    from pypdf import PdfWriter

    writer, made = PdfWriter(), io.BytesIO()
    writer.add_blank_page(10, 10)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(made)
    assert refusal(worked, texts, "a.pdf", made.getvalue()) == ("failed", "encrypted")


def test_a_document_that_unfolds_to_gigabytes_is_not_opened(worked: Worked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.catalogue.files.kinds._DOCX_BYTES", 1_000_000)
    data = zipped({"word/document.xml": bytes(2_000_000)})
    assert refusal(worked, texts, "a.docx", data) == ("failed", "bomb")


def opened(data: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(data))


PLAIN = Picture().model_dump()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_made_smaller_in_proportion_and_never_larger(kind: str, worked: Worked) -> None:
    told, result = worked(pictures, "a", picture(kind, (400, 200)), **PLAIN | {"width": 100, "height": 100})
    assert (told["width"], told["height"], told["format"]) == (100, 50, kind.lower())
    assert opened(result).size == (100, 50)
    assert worked(pictures, "a", picture(kind), **PLAIN | {"width": 4000})[0]["width"] == 40


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
@pytest.mark.parametrize("wanted", ["jpeg", "png", "webp"])
def test_any_picture_becomes_any_format(mode: str, wanted: str, worked: Worked) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    told, result = worked(pictures, "a.tif", picture(kind, mode=mode), **PLAIN | {"format": wanted, "width": 20})
    assert opened(result).format == wanted.upper()
    assert opened(result).size == (20, 10)
    assert told["ending"] == {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}[wanted]


def test_a_picture_is_turned_as_its_camera_says_and_tells_nothing_of_it(worked: Worked) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    told, result = worked(pictures, "a.jpg", picture("JPEG", exif=exif), **PLAIN)
    assert (told["width"], told["height"]) == (20, 40)
    assert not dict(opened(result).getexif())


def test_of_what_moves_the_first_frame_is_taken(worked: Worked) -> None:
    from PIL import Image

    made = io.BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "green", "blue")]
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    told, result = worked(pictures, "a.gif", made.getvalue(), **PLAIN)
    assert told["frames_left_out"] == 2
    assert opened(result).format == "PNG"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.png", b"none", ("failed", "not_a_picture")),
        ("a.txt", b"none", ("skipped", "not_a_picture")),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", ("skipped", "not_a_picture")),
        ("a.png", picture(size=(300, 300))[:-40], ("failed", "broken_picture")),
    ],
)
def test_what_is_no_picture_says_why(name: str, data: bytes, said: tuple[str, str], worked: Worked) -> None:
    assert refusal(worked, pictures, name, data, **PLAIN) == said


def test_a_picture_of_a_billion_pixels_is_not_opened(worked: Worked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 10_000)
    for side in (120, 1000):
        said = refusal(worked, pictures, "a.png", picture(size=(side, side)), **PLAIN)
        assert said == ("failed", "too_many_pixels")


AUTO = Parquet().model_dump()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_becomes_parquet_with_the_types_of_its_columns(delimiter: str, codec: str, worked: Worked) -> None:
    import polars as pl

    lines = ["name;day;value", "Größe;2024-01-02;1.5", "b;2024-01-03;"]
    data = "\n".join(line.replace(";", delimiter) for line in lines).encode(codec)
    told, result = worked(tables, "a.csv", data, **AUTO)
    table = pl.read_parquet(io.BytesIO(result))
    assert table.schema == {"name": pl.String, "day": pl.Date, "value": pl.Float64}
    assert table["name"].to_list() == ["Größe", "b"]
    assert told == {"rows": 2, "columns": 3, "delimiter": delimiter}


def test_a_csv_may_have_no_names_and_one_column(worked: Worked) -> None:
    told, _ = worked(tables, "a.csv", b"1\n2\n3\n", **AUTO | {"header": False})
    assert (told["rows"], told["columns"]) == (3, 1)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", ("failed", "empty_file")),
        ("a.csv", b"a,b\n1,2\n1,2,3\n", ("failed", "broken_csv")),
        ("a.csv", b"\x00" * 50, ("failed", "not_a_table")),
        ("a.csv", b"\x1f\x8b rest", ("failed", "not_a_table")),
        ("a.txt", b"a,b\n1,2\n", ("skipped", "not_a_table")),
    ],
)
def test_what_is_no_table_says_why(name: str, data: bytes, said: tuple[str, str], worked: Worked) -> None:
    assert refusal(worked, tables, name, data, **AUTO) == said


def test_the_same_file_gives_the_same_bytes(worked: Worked) -> None:
    data = b"a,b\n" + b"1,x\n" * 20_000
    assert worked(tables, "a.csv", data, **AUTO) == worked(tables, "a.csv", data, **AUTO)
    shot = picture("JPEG", (300, 200))
    assert worked(pictures, "a.jpg", shot, **PLAIN) == worked(pictures, "a.jpg", shot, **PLAIN)


def test_a_text_that_is_too_large_is_left_alone(worked: Worked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_PLAIN_BYTES", 10 * limits.KIB)
    assert refusal(worked, texts, "a.txt", b"a" * 20_000) == ("failed", "too_large")

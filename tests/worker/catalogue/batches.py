"""Files and archives as people send them, and as those make them who mean harm."""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any


def pdf(text: str) -> bytes:
    """The smallest PDF that says *text*."""
    drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return made + head + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(made))


def docx(*paragraphs: str, cells: Iterable[str] = ()) -> bytes:
    from docx import Document

    document, made = Document(), io.BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    row = list(cells)
    if row:
        table = document.add_table(1, len(row))
        for cell, text in zip(table.rows[0].cells, row, strict=True):
            cell.text = text
    document.save(made)
    return made.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 0).save(made, kind, **options)
    return made.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(entries: Iterable[tuple[tarfile.TarInfo, bytes]], packing: str = "", **options: Any) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=f"w:{packing}", **options) as archive:  # type: ignore[call-overload]
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def bomb(mebibytes: int = 17) -> bytes:
    """A zip of one file that unfolds a thousandfold."""
    return zipped({"zeros.bin": bytes(mebibytes << 20)})


def overlapping(count: int = 50) -> bytes:
    """A zip whose entries all are the same bytes: small on disk, *count* times that once unpacked."""
    whole = zipped({"one.bin": bytes(200_000)})
    begin, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    directory = b"".join(whole[begin:end].replace(b"one.bin", b"%03d.bin" % n) for n in range(count))
    tail = bytearray(whole[end:])
    tail[8:10] = tail[10:12] = count.to_bytes(2, "little")
    tail[12:16] = len(directory).to_bytes(4, "little")
    return whole[:begin] + directory + bytes(tail)


def thousand() -> tuple[dict[str, bytes], set[str]]:
    """A thousand files of four kinds in twenty folders, fifty of which are broken in five ways; and the broken."""
    files: dict[str, bytes] = {}
    for n in range(1000):
        folder = f"batch {n % 20:02}"
        if n % 20 == 7:
            name, data = _broken(n)
        elif n % 100 == 1:
            name, data = f"{n}.pdf", pdf(f"Sheet {n}")
        elif n % 10 == 3:
            name, data = f"{n}.html", f"<html><title>{n}</title><body><p>Page {n}</p></body></html>".encode()
        else:
            name, data = f"{n}.txt", f"Line {n}, größer\n".encode()
        files[f"{folder}/{name}"] = data
    return files, {name for name in files if "broken" in name}


def _broken(n: int) -> tuple[str, bytes]:
    match n // 20 % 5:
        case 0:
            return f"{n} broken.pdf", pdf(f"Sheet {n}")[:60]
        case 1:
            return f"{n} broken.docx", b"PK\x03\x04 and then nothing"
        case 2:
            return f"{n} broken.pdf", b"no PDF at all"
        case 3:
            return f"{n} broken.html", b"\x00\x01\x02\x03" * 20
        case _:
            return f"{n} broken.txt", bytes(range(32)) * 3


EVIL = [
    (member("../../escaped.txt"), b"evil"),
    (member("/tmp/escaped-absolutely.txt"), b"evil"),  # noqa: S108 - a name in an archive
    (member("link", tarfile.SYMTYPE, "/etc"), b""),
    (member("link/passwd"), b"evil"),
    (member("hard", tarfile.LNKTYPE, "/etc/passwd"), b""),
    (member("device", tarfile.CHRTYPE), b""),
    (member("pipe", tarfile.FIFOTYPE), b""),
    (member("good.txt"), b"good"),
    (member("./good.txt"), b"again"),
]
EVIL_TAR = tarred(EVIL, "gz")

"""How a text is written is found out from the text itself."""

# ruff: noqa: RUF001 - Russian is written with signs that look like Latin ones

import pytest

from worker.catalogue.texts.encodings import detect, foreign_sample, is_utf8


def test_an_encoding_is_looked_for_where_the_text_stops_being_ascii() -> None:
    plain, foreign = b"a,b\n" * 100_000, "Köln,Düsseldorf\n".encode("cp1252") * 9
    chunks = [plain, plain, foreign]
    assert detect(plain[:1000], foreign_sample(iter(chunks))) == "cp1252"


ORDERS = "Отчёт о продажах за первый квартал\nСписок сотрудников и отделов\nДоговор аренды помещения\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp1251", "koi8_r", "cp866"])
def test_an_encoding_is_told_by_the_text_that_it_makes(codec: str) -> None:
    data = ORDERS.encode(codec)
    assert detect(data, data) == codec


def test_a_sample_that_is_cut_in_the_midst_of_a_sign_is_utf8_all_the_same() -> None:
    data = "Größe".encode()[:-2]
    assert data[-1] > 127
    assert is_utf8(data, cut=True)
    assert not is_utf8(data)
    assert detect(data, data) == "utf-8"

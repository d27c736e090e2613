"""How a text is written is found out from the text itself."""

from worker.catalogue.texts.encodings import detect, foreign_sample


def test_an_encoding_is_looked_for_where_the_text_stops_being_ascii() -> None:
    plain, foreign = b"a,b\n" * 100_000, "Köln,Düsseldorf\n".encode("cp1252") * 9
    chunks = [plain, plain, foreign]
    assert detect(plain[:1000], foreign_sample(iter(chunks))) == "cp1252"

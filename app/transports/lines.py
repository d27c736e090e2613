"""JSON that is one line to everybody, also to readers that take more than CR and LF for the end of one."""

#: NEL, LINE SEPARATOR and PARAGRAPH SEPARATOR, which JSON may hold as they are and str.splitlines breaks at, with it
#: httpx's iter_lines and whoever reads a stream by it. The other such characters JSON escapes by itself.
_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def one_line(envelope: bytes) -> bytes:
    """*envelope*, which is JSON on one line, with every line break of Unicode escaped: the same JSON to a parser."""
    if envelope.isascii():
        return envelope
    for character, escaped in _BREAKS:
        envelope = envelope.replace(character, escaped)
    return envelope

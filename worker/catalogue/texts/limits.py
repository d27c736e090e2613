"""How much of a text is unfolded, and how much of it is looked at to find out how it is written."""

from typing import Final

#: Bytes of text that a compressed file may unfold to.
MAX_TEXT_BYTES: Final = 4 << 30
#: Bytes that are looked at to find encoding, delimiter and header.
SAMPLE_BYTES: Final = 256 << 10
#: Bytes that are searched for the first byte that is not ASCII.
ENCODING_SCAN_BYTES: Final = 64 << 20

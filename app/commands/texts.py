"""What commands write on the terminal: aligned columns, and text of others made harmless."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> str:
    """Make text that came from elsewhere harmless for a terminal: it may hold escape sequences."""
    return "".join(char if char.isprintable() else REPLACEMENT for char in text)


def aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Give a table line by line, each column as wide as it needs to be; values are made `plain`."""
    lines = [head, *([plain(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    for line in lines:
        yield "  ".join(value.ljust(width) for value, width in zip(line, widths, strict=False)).rstrip()

"""Text as it can be written: letters that no typeface has lose their accents, or become question marks.

Text of hostile data sets, however long or strange, never fails to be written: it is cut, what directs or controls is
left out, and no letter carries more than a few marks.
"""

from __future__ import annotations

import unicodedata

from dicomcore.lettering.typefaces import IS_SHAPED, has_glyph, own_typeface, typeface_of

MAX_LETTERS = 2000
_MOST_MARKS = 4
_UNKNOWN = "?"
_JOINERS = ("\u200c", "\u200d")  # say whether letters of Arabic and Indic scripts join
_FROM_RIGHT = ("R", "AL")


def printable(text: str) -> str:
    """Return text as it can be written: at most 2,000 letters, lines separated by a line feed."""
    shortened = text[:MAX_LETTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    written: list[str] = []
    last, marks = "", 0
    for letter in unicodedata.normalize("NFC", shortened):
        if belongs_to_the_last(letter):
            marks += 1
            if marks <= _MOST_MARKS and _can_carry(last, letter):
                written.append(letter)
        else:
            marks, last = 0, _drawable(letter)
            written.append(last)
    return "".join(written)


def printable_line(text: str) -> str:
    """Return text as it can be written on one line."""
    return printable(text).replace("\n", " ")


def is_writable(line: str) -> bool:
    """Return whether each letter of a line can be written as it is."""
    return printable(line) == unicodedata.normalize("NFC", line)


def is_plain(line: str) -> bool:
    """Return whether each letter of a printable line is our own typeface's and stands where it is written."""
    return all(
        " " <= letter <= "~"
        or (
            has_glyph(own_typeface(), letter)
            and unicodedata.bidirectional(letter) not in _FROM_RIGHT
            and not belongs_to_the_last(letter)
        )
        for letter in line
    )


def belongs_to_the_last(letter: str) -> bool:
    """Return whether this is a mark on the letter before it, or says whether that one joins the next."""
    return letter > "~" and (unicodedata.category(letter).startswith("M") or letter in _JOINERS)


def _can_carry(last: str, mark: str) -> bool:
    typeface = typeface_of(last) if len(last) == 1 and last not in (_UNKNOWN, "\n") else None
    return typeface is not None and IS_SHAPED and has_glyph(typeface, mark)


def _drawable(letter: str) -> str:
    if letter == "\n" or (" " <= letter <= "~"):
        return letter
    kind = unicodedata.category(letter)
    if kind.startswith("Z"):
        return " "
    if kind in ("Cc", "Cf"):
        return ""
    if unicodedata.bidirectional(letter) in _FROM_RIGHT and not IS_SHAPED:
        return _UNKNOWN
    if kind not in ("Cs", "Co", "Cn") and typeface_of(letter) is not None:
        return letter
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(one for one in parts if " " <= one <= "~") or _UNKNOWN

"""Letters in pictures: the one font that is always there, and text that it can show.

The font comes with Pillow: Aileron, cut down to the letters of ASCII and a few signs. What it has no glyph for is shown
without its accents (``Muller``), by what is usually written for it (``ss``), or as a question mark; text of hostile
data sets, however long or strange, never fails to be drawn.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

MAX_LETTERS = 2000
_SIZES = (4, 400)
_UNASSIGNED = "\U0010ffff"
_UNKNOWN = "?"
# Letters that Unicode does not take apart, and how they are written where they are missing.
_SPELLED = {
    "Æ": "AE", "æ": "ae", "Ð": "D", "ð": "d", "Đ": "D", "đ": "d", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe",
    "Þ": "Th", "þ": "th", "ß": "ss", "ẞ": "SS", "Ł": "L", "ł": "l", "Ħ": "H", "ħ": "h", "\u0131": "i",
    "µ": "u", "μ": "u", "\u00d7": "x", "÷": "/", "\u2044": "/", "\u2018": "'", "\u2019": "'", "“": '"', "”": '"',
    "\u2013": "-", "\u2014": "-", "·": ".", "≤": "<=", "≥": ">=", "Ω": "Ohm",
}  # fmt: skip


@lru_cache(maxsize=64)
def font_of(size: int) -> Font:
    """Return the font with this height in pixels, between 4 and 400."""
    return ImageFont.load_default(float(min(max(size, _SIZES[0]), _SIZES[1])))


@lru_cache(maxsize=4096)
def _has_glyph(letter: str) -> bool:
    font = font_of(16)
    glyph, missing = font.getmask(letter), font.getmask(_UNASSIGNED)
    return letter.isspace() or bytes(glyph) != bytes(missing) or glyph.size != missing.size


def printable(text: str) -> str:
    """Return text as it can be drawn: at most 2,000 letters of the font, lines separated by a line feed."""
    shortened = text[:MAX_LETTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(_drawable(letter) for letter in unicodedata.normalize("NFC", shortened))


def _drawable(letter: str) -> str:
    if letter == "\n" or (" " <= letter <= "~"):
        return letter
    kind = unicodedata.category(letter)
    if kind.startswith("Z"):
        return " "
    if kind in ("Cc", "Cf", "Mn"):
        return ""
    if kind not in ("Cs", "Co", "Cn") and _has_glyph(letter):
        return letter
    if letter in _SPELLED:
        return _SPELLED[letter]
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(one if " " <= one <= "~" else _SPELLED.get(one, "") for one in parts) or _UNKNOWN


def width_of(text: str, size: int) -> int:
    """Return how many pixels wide one line of printable text is."""
    left, _, right, _ = font_of(size).getbbox(text)
    return int(right - min(left, 0)) + 1

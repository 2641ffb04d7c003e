"""The typeface of pictures and PDF: Bitstream Vera, which comes with reportlab, and text that it can show.

It has the letters of western and some of central European languages, µ, ° and ². Other letters lose their accents, or
become question marks: the XML of an SVG and the metadata of the instance have them all.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

import reportlab  # type: ignore[import-untyped]  # it has no types
from PIL import ImageFont
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]

_FILES = {False: "Vera", True: "VeraBd"}
_SPELLED = {"\u03bc": "µ", "\u2013": "-", "\u2014": "-", "\u2032": "'", "\u2033": '"', "\u00a0": " ", "\u207b": "-"}


def _path(name: str) -> str:
    return str(Path(reportlab.__file__).parent / "fonts" / f"{name}.ttf")


@lru_cache(maxsize=16)
def picture_font(size: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    """Return the font for pillow, ``size`` in pixels."""
    return ImageFont.truetype(_path(_FILES[is_bold]), size)


@lru_cache(maxsize=2)
def pdf_font(is_bold: bool) -> str:
    """Return the name of the font for reportlab, which embeds the letters that are used."""
    name = _FILES[is_bold]
    pdfmetrics.registerFont(TTFont(name, _path(name)))
    return name


@lru_cache(maxsize=1)
def _letters() -> frozenset[str]:
    return frozenset(map(chr, TTFont("letters", _path("Vera")).face.charToGlyph))


def printable(text: str) -> str:
    """Return text with the letters that the typeface has, on one line."""
    plain = text if text.isascii() and text.isprintable() else unicodedata.normalize("NFC", text)
    return "".join(letter if " " <= letter <= "~" else _drawable(letter) for letter in plain)


def _drawable(letter: str) -> str:
    if unicodedata.category(letter) in ("Cc", "Cf", "Mn"):
        return ""
    spelled = _SPELLED.get(letter, letter)
    folded = unicodedata.normalize("NFKD", spelled)[:1]
    return next((one for one in (spelled, folded) if one in _letters()), "?")

"""Which typeface has a letter: the one that comes along, or one that the machine has for the letter's script.

DejaVu Sans has the letters of all European languages, Hebrew, Arabic, Armenian, Georgian and many signs, so that names
look the same everywhere. East Asian and South Asian scripts need fonts of megabytes each: they are looked for where
systems keep fonts, under the names that they usually have. Only those of a letter's script are opened, so that text of
a hundred strange scripts costs no more than its letters.
"""

from __future__ import annotations

import os
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont, features

_FONTS = Path(__file__).parent / "fonts"
_REGULAR, _BOLD = _FONTS / "DejaVuSans.ttf", _FONTS / "DejaVuSans-Bold.ttf"
_DIRECTORIES = (
    "~/.local/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/fonts",
    "~/Library/Fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
)
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_MAX_FILES = 20_000

_EAST_ASIAN = (
    "notosanscjk", "notosanscjkjp", "notosanscjksc", "sourcehansans", "droidsansfallbackfull", "droidsansfallback",
    "wqy-microhei", "wqy-zenhei", "hiraginosansgb", "pingfang", "applesdgothicneo", "arialunicode",
)  # fmt: skip
_ANY_SCRIPT = ("freesans", "arialunicode")
_BY_SCRIPT = {
    **dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"), _EAST_ASIAN),
    **dict.fromkeys(("FULLWIDTH", "HALFWIDTH", "KATAKANA-HIRAGANA"), _EAST_ASIAN),
    "THAI": ("notosansthai", "garuda", "loma", "thonburi", *_ANY_SCRIPT),
}
"""Names of files without suffix and ``-Regular``, in lower case, by the first word of a letter's name in Unicode."""

_SIZES = (4, 400)
_PROBE_SIZE = 8
_UNASSIGNED = "\U0010ffff"

IS_SHAPED = bool(features.check("raqm") and features.check("fribidi"))
"""Whether text is laid out in its direction and with joined letters; needs libfribidi on the machine."""


def own_typeface(is_bold: bool = False) -> Path:
    """Return the file of the typeface that comes along."""
    return _BOLD if is_bold else _REGULAR


@lru_cache(maxsize=128)
def font_of(typeface: Path, size: int) -> ImageFont.FreeTypeFont:
    """Return a typeface with this height in pixels, between 4 and 400."""
    return ImageFont.truetype(str(typeface), min(max(size, _SIZES[0]), _SIZES[1]))


@lru_cache(maxsize=32_768)
def typeface_of(letter: str, is_bold: bool = False) -> Path | None:
    """Return the file of the first typeface that has a letter, or None."""
    candidates = (_BOLD, _REGULAR) if is_bold else (_REGULAR,)
    return next((one for one in (*candidates, *_found_for(letter)) if has_glyph(one, letter)), None)


@lru_cache(maxsize=32_768)
def has_glyph(typeface: Path, letter: str) -> bool:
    """Return whether a typeface has a letter: it looks other than one that nothing has."""
    probe = _probe(typeface)
    if probe is None:
        return False
    font, (missing, missing_size) = probe
    glyph = font.getmask(letter)
    return glyph.size != missing_size or bytes(glyph) != missing


@lru_cache(maxsize=256)
def _probe(typeface: Path) -> tuple[ImageFont.FreeTypeFont, tuple[bytes, tuple[int, int]]] | None:
    try:
        font = ImageFont.truetype(str(typeface), _PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC)
        missing = font.getmask(_UNASSIGNED)
    except (OSError, ValueError):  # a file of the machine that is none of a font
        return None
    return font, (bytes(missing), missing.size)


def _found_for(letter: str) -> list[Path]:
    script = unicodedata.name(letter, "").partition(" ")[0]
    names = _BY_SCRIPT.get(script, (f"notosans{script.lower()}", *_ANY_SCRIPT))
    return [found for name in names if (found := _installed().get(name)) is not None]


@lru_cache(maxsize=1)
def _installed() -> dict[str, Path]:
    """What fonts the machine has, by name; of several files of a name the first one."""
    found: dict[str, Path] = {}
    files = (Path(folder, name) for one in _DIRECTORIES for folder, _, names in _walk(one) for name in sorted(names))
    for _, path in zip(range(_MAX_FILES), files, strict=False):
        if path.suffix.lower() in _SUFFIXES:
            found.setdefault(_name_of(path), path)
    return found


def _walk(directory: str) -> list[tuple[str, list[str], list[str]]]:
    return sorted(os.walk(Path(directory).expanduser()))


def _name_of(path: Path) -> str:
    return re.sub(r"(-regular|-vf|\[.*\]| )", "", path.stem.lower())

"""Specific Character Set: text values from bytes and back (PS3.3 §C.12.1.1.2, PS3.5 §6.1).

The theory. Bytes below 0x80 speak through the code element G0, those above through G1. The first defined term of
(0008,0005) says what both are at the start of a value; the other terms say what ISO 2022 escape sequences may put in
their place. The designations of the start come back at each delimiter: the end of the value or of the line, a tab, a
form feed, the backslash between values, ``^`` and ``=`` in person names (PS3.5 §6.1.2.5.3). UTF-8, GB18030 and GBK
stand alone, without escape sequences.

Decoding never raises. What is tolerated, because devices do it:

- defined terms in other spellings (``ISO-IR 100``, ``ISO 2022 IR100``, ``UTF-8``); unknown terms count for nothing;
- escape sequences that no term announces: each says by itself what follows;
- no escape sequence where the first term has no G1, which Korean and Chinese devices leave out: the first G1 that any
  term has is taken;
- bytes above 0x7F where no term has a G1 (old European devices without (0008,0005)): read as ISO 8859-1;
- a stand-alone term behind an empty first one: it alone counts;
- characters of the vendors' supersets (NEC and IBM kanji, Unified Hangul Code, GBK in GB2312, Shift-JIS in ISO_IR 13).

Whatever is still wrong becomes U+FFFD. In ISO_IR 13 the byte 0x5C, which JIS X 0201 shows as a yen sign, is the
backslash, and 0x7E, an overline there, is the tilde: they delimit values or were typed as such, and so do peers read
them. A second byte 0x5C of a double-byte character is part of it and never delimits.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dicomcore.data.vr import VRS


@dataclass(frozen=True, slots=True)
class CodeElement:
    """A coded character set as an escape sequence designates it (PS3.3 Tables C.12-3 and C.12-4).

    ``codec`` maps it with the high bits set, as it looks in G1; ``prefix`` is what that codec wants before a character.
    ``superset`` is the codec to read with when ``codec`` fails.
    """

    escape: bytes
    codec: str
    superset: str
    g1: bool = True
    width: int = 1
    prefix: bytes = b""


_ASCII = CodeElement(b"\x1b(B", "ascii", "latin_1", g1=False)
_ROMAJI = CodeElement(b"\x1b(J", "ascii", "latin_1", g1=False)
_UNSPECIFIED = CodeElement(b"", "latin_1", "latin_1")
_KANJI = CodeElement(b"\x1b$B", "euc_jp", "euc_jp", g1=False, width=2)

# By the number that ends the defined term.
_CODE_ELEMENTS: dict[str, CodeElement] = {
    "100": CodeElement(b"\x1b-A", "latin_1", "latin_1"),
    "101": CodeElement(b"\x1b-B", "iso8859_2", "iso8859_2"),
    "109": CodeElement(b"\x1b-C", "iso8859_3", "iso8859_3"),
    "110": CodeElement(b"\x1b-D", "iso8859_4", "iso8859_4"),
    "144": CodeElement(b"\x1b-L", "iso8859_5", "iso8859_5"),
    "127": CodeElement(b"\x1b-G", "iso8859_6", "iso8859_6"),
    "126": CodeElement(b"\x1b-F", "iso8859_7", "iso8859_7"),
    "138": CodeElement(b"\x1b-H", "iso8859_8", "iso8859_8"),
    "148": CodeElement(b"\x1b-M", "iso8859_9", "iso8859_9"),
    "203": CodeElement(b"\x1b-b", "iso8859_15", "iso8859_15"),
    "166": CodeElement(b"\x1b-T", "tis_620", "iso8859_11"),
    "13": CodeElement(b"\x1b)I", "shift_jis", "shift_jis"),
    "87": _KANJI,
    "159": CodeElement(b"\x1b$(D", "euc_jp", "euc_jp", g1=False, width=2, prefix=b"\x8f"),
    "149": CodeElement(b"\x1b$)C", "euc_kr", "cp949", width=2),
    "58": CodeElement(b"\x1b$)A", "gb2312", "gb18030", width=2),
}

_STAND_ALONE: dict[str, CodeElement] = {
    "192": CodeElement(b"", "utf_8", "utf_8"),
    "GB18030": CodeElement(b"", "gb18030", "gb18030", width=2),
    "GBK": CodeElement(b"", "gbk", "gb18030", width=2),
}

# Designations that DICOM does not have and other users of ISO 2022 do: half-width katakana in G0, JIS C 6226-1978,
# and the double-byte sets in G0.
_BY_ESCAPE: dict[bytes, CodeElement] = {
    element.escape: element
    for element in (
        _ASCII,
        _ROMAJI,
        *_CODE_ELEMENTS.values(),
        CodeElement(b"\x1b(I", "shift_jis", "shift_jis", g1=False, width=1),
        CodeElement(b"\x1b$@", "euc_jp", "euc_jp", g1=False, width=2),
        CodeElement(b"\x1b$(B", "euc_jp", "euc_jp", g1=False, width=2),
        CodeElement(b"\x1b$A", "gb2312", "gb2312", g1=False, width=2),
        CodeElement(b"\x1b$(A", "gb2312", "gb2312", g1=False, width=2),
        CodeElement(b"\x1b$(C", "euc_kr", "euc_kr", g1=False, width=2),
    )
}

# Names of the same sets that are no defined terms, without what is neither letter nor digit.
_OTHER_NAMES: dict[str, str] = {
    "UTF8": "192",
    "ISO2022GBK": "GBK",
    "ISO2022GB18030": "GB18030",
    "GB2312": "58",
    "EUCKR": "149",
    "SHIFTJIS": "13",
    "LATIN1": "100",
    "ISO88591": "100",
    "ISO88592": "101",
    "ISO88593": "109",
    "ISO88594": "110",
    "ISO88595": "144",
    "ISO88596": "127",
    "ISO88597": "126",
    "ISO88598": "138",
    "ISO88599": "148",
    "ISO885911": "166",
    "ISO885915": "203",
}

_TERM = re.compile(r"(?:ISO)?(?:2022)?(?:IR)?0*([1-9][0-9]{0,2})")
_ESCAPES = re.compile(b"(" + b"|".join(re.escape(escape) for escape in _BY_ESCAPE) + b")")
_DOUBLE_BYTES = re.compile(rb"(?:[\x21-\x7e]{2}|[\x80-\xff]| )*")
_CODE_RUNS = re.compile(rb"[\x21-\x7e]+|[\x80-\xff]+| +")
_HIGH_BITS = bytes(code | 0x80 for code in range(256))

_LINE_DELIMITERS = "\r\n\f\t"
_NAME_DELIMITERS = "\\^=\r\n\f\t"
_VALUE_DELIMITERS = "\\\r\n\f\t"
_DELIMITERS: dict[str, str] = {
    vr: _VALUE_DELIMITERS if rule.multi_valued else _LINE_DELIMITERS for vr, rule in VRS.items()
} | {"PN": _NAME_DELIMITERS}
_DELIMITER_PATTERNS = {
    delimiters: re.compile(b"[" + re.escape(delimiters.encode()) + b"]")
    for delimiters in (_LINE_DELIMITERS, _NAME_DELIMITERS, _VALUE_DELIMITERS)
}
_SINGLE_VALUED = frozenset(vr for vr, rule in VRS.items() if not rule.multi_valued)
_LEADING_SPACES_COUNT = frozenset(vr for vr, rule in VRS.items() if rule.leading_spaces_significant)
_PADDING = " \0"


class Charset:
    """The meaning of one value of Specific Character Set (0008,0005); get it by `Charset.of`.

    ``is_ascii_superset`` says that bytes below 0x80, without an escape character, can be read as ASCII: true for all
    that the standard has, so callers may keep a quick way of their own.
    """

    __slots__ = ("_declared", "_first", "_g0", "_g1", "_stand_alone", "terms")

    is_ascii_superset = True

    def __init__(self, terms: tuple[str, ...]) -> None:
        self.terms = terms
        names = [_canonical(term) for term in terms] or [""]
        self._declared = tuple(_CODE_ELEMENTS[name] for name in names if name in _CODE_ELEMENTS)
        self._stand_alone = _stand_alone(names)
        g1 = _CODE_ELEMENTS.get(names[0])
        self._g0 = _ROMAJI if names[0] == "13" else _ASCII
        self._g1 = g1 if g1 is not None and g1.g1 else None
        self._first = self._stand_alone or next((element for element in self._declared if element.g1), _UNSPECIFIED)

    @staticmethod
    def of(terms: Sequence[str]) -> "Charset":
        """Return the character set of these defined terms, in their order; none means the default repertoire."""
        return _charset(tuple(terms))

    def __repr__(self) -> str:
        return f"Charset({chr(92).join(self.terms)!r})"

    def decode(self, raw: bytes, vr: str = "LO") -> str:
        """Return the text of a whole value field, delimiters and padding included."""
        if raw.isascii() and b"\x1b" not in raw:
            return raw.decode()
        if self._stand_alone is not None or b"\x1b" not in raw:
            return _decode_with(self._first, raw)
        delimiter = _DELIMITER_PATTERNS[_DELIMITERS.get(vr, _VALUE_DELIMITERS)]
        return "".join(self._decode_runs(raw, delimiter)).replace("\x1b", "\ufffd")

    def decode_values(self, raw: bytes, vr: str = "LO") -> list[str]:
        """Return the values of a value field without their padding; none if the field is empty.

        Spaces in front belong to the value in ST, LT, UT, UC and UR (PS3.5 §6.2).
        """
        if not raw:
            return []
        text = self.decode(raw, vr)
        if "\\" not in text or vr in _SINGLE_VALUED:
            return [text.rstrip(_PADDING) if vr in _LEADING_SPACES_COUNT else text.strip(_PADDING)]
        if vr in _LEADING_SPACES_COUNT:
            return [value.rstrip(_PADDING) for value in text.split("\\")]
        return [value.strip(_PADDING) for value in text.split("\\")]

    def encode(self, text: str, vr: str = "LO") -> bytes:
        """Return the bytes of a text in the sets that the terms declare, unpadded; ``?`` for what none of them has.

        Escape sequences are written only for sets that a term declares, and the designations of the start are
        restored before each delimiter and at the end.
        """
        if self._stand_alone is not None:
            return text.encode(self._first.codec, "replace")
        if text.isascii() and "\x1b" not in text:
            return text.encode("ascii")
        return self._encode_extended(text.replace("\x1b", "?"), _DELIMITERS.get(vr, _VALUE_DELIMITERS))

    def _decode_runs(self, raw: bytes, delimiter: re.Pattern[bytes]) -> Iterator[str]:
        """Follow the designations through a value that has escape sequences."""
        g0, g1 = self._g0, self._first
        for index, part in enumerate(_ESCAPES.split(raw)):
            if index % 2:
                element = _BY_ESCAPE[part]
                g0, g1 = (g0, element) if element.g1 else (element, g1)
                continue
            end = _end_of_run(part, g0, delimiter)
            yield _decode_run(part[:end], g0, g1)
            if end < len(part):
                g0, g1 = self._g0, self._first
                yield _decode_with(g1, part[end:])

    def _encode_extended(self, text: str, delimiters: str) -> bytes:
        encoded = bytearray()
        g0, g1 = self._g0, self._g1
        for char in text:
            element = None if char.isascii() else self._element_for(char, g0, g1)
            if element is None:
                if char in delimiters:
                    encoded += self._restore(g0, g1)
                    g0, g1 = self._g0, self._g1
                elif g0 is not self._g0:
                    encoded += self._g0.escape
                    g0 = self._g0
                encoded += char.encode("ascii", "replace")
                continue
            if element is not g0 and element is not g1:
                encoded += element.escape
                g0, g1 = (g0, element) if element.g1 else (element, g1)
            encoded += _code(char, element)
        return bytes(encoded + self._restore(g0, g1))

    def _element_for(self, char: str, g0: CodeElement, g1: CodeElement | None) -> CodeElement | None:
        """Choose the set for a character: one that is designated already if possible, else the first declared."""
        for element in (g0, g1, *self._declared):
            if element is not None and _code(char, element):
                return element
        return None

    def _restore(self, g0: CodeElement, g1: CodeElement | None) -> bytes:
        """Return the escape sequences that lead back to the designations of the start."""
        escape = b"" if g0 is self._g0 else self._g0.escape
        return escape if g1 is self._g1 or self._g1 is None else escape + self._g1.escape


@lru_cache(maxsize=256)
def _charset(terms: tuple[str, ...]) -> Charset:
    """Make each character set once; terms that were not split at their backslash are split here."""
    return Charset(tuple(part.strip(_PADDING) for term in terms for part in term.split("\\")))


def _canonical(term: str) -> str:
    """Return the number of a defined term, or GBK or GB18030; the text itself where it is none of them."""
    letters = re.sub(r"[^A-Z0-9]", "", term.upper())
    name = _OTHER_NAMES.get(letters, letters)
    number = _TERM.fullmatch(name)
    return number[1] if number else name


def _stand_alone(names: list[str]) -> CodeElement | None:
    """Return the set that stands alone: the first one, or one that others follow which add nothing to ASCII."""
    if names[0] in _STAND_ALONE:
        return _STAND_ALONE[names[0]]
    if any(name in _CODE_ELEMENTS for name in names):
        return None
    return next((_STAND_ALONE[name] for name in names if name in _STAND_ALONE), None)


def _decode_with(element: CodeElement, raw: bytes) -> str:
    try:
        return raw.decode(element.codec)
    except UnicodeDecodeError:
        return raw.decode(element.superset, "replace")


def _end_of_run(part: bytes, g0: CodeElement, delimiter: re.Pattern[bytes]) -> int:
    """Return how far the designations hold: to a delimiter or, in a double-byte G0, to what cannot be part of it."""
    if g0.width == 2:
        match = _DOUBLE_BYTES.match(part)
        return match.end() if match else 0
    found = delimiter.search(part)
    return found.start() if found else len(part)


def _decode_run(part: bytes, g0: CodeElement, g1: CodeElement) -> str:
    if g0.codec == "ascii":
        return _decode_with(g1, part)
    return "".join(_decode_with(g1, run) if run[0] >= 0x80 else _decode_g0(g0, run) for run in _CODE_RUNS.findall(part))


def _decode_g0(g0: CodeElement, run: bytes) -> str:
    """Decode a run of 7-bit codes of a set other than ASCII; spaces stay what they are."""
    if run[0] == 0x20:
        return run.decode("ascii")
    characters = [run[start : start + g0.width].translate(_HIGH_BITS) for start in range(0, len(run), g0.width)]
    try:
        return b"".join(g0.prefix + character for character in characters).decode(g0.codec)
    except UnicodeDecodeError:
        return "".join(_decode_character(g0, character) for character in characters)


def _decode_character(g0: CodeElement, character: bytes) -> str:
    """Decode one character that may be one of NEC's or IBM's kanji, which Windows writes into JIS X 0208."""
    try:
        return (g0.prefix + character).decode(g0.codec)
    except UnicodeDecodeError:
        is_kanji = g0.codec == "euc_jp" and not g0.prefix and len(character) == 2
        return _vendor_kanji(*character) if is_kanji else "\ufffd"


def _vendor_kanji(row: int, cell: int) -> str:
    """Decode the EUC code of a kanji by its Shift-JIS code, for which Windows has more characters."""
    lead = ((row - 0xA1) >> 1) + 0x81
    trail = cell - 0x61 + (cell >= 0xE0) if row & 1 else cell - 2
    try:
        return bytes((lead + 0x40 if lead > 0x9F else lead, trail)).decode("cp932")
    except UnicodeDecodeError:
        return "\ufffd"


@lru_cache(maxsize=8192)
def _code(char: str, element: CodeElement) -> bytes:
    """Return the code of a character beyond ASCII in a set, as it is written there; empty if it has none."""
    try:
        code = char.encode(element.codec)
    except UnicodeEncodeError:
        return b""
    code = code.removeprefix(element.prefix) if code.startswith(element.prefix) else b""
    # Codecs of several sets (EUC, Shift-JIS) have codes of other lengths for the characters of the others.
    if len(code) != element.width or min(code) < 0xA0:
        return b""
    return code if element.g1 else bytes(byte & 0x7F for byte in code)


DEFAULT = Charset.of(())
UTF8 = Charset.of(("ISO_IR 192",))

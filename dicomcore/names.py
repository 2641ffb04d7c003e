"""Compare person names (PN, PS3.5 §6.2.1) the way people search for them (PS3.4 §C.2.2.2.1.1 leaves it open).

Names are compared in a normal form: without case, accents and width of letters, without empty trailing components and
groups. A key in plain letters is compared with the alphabetic component group; one with other letters (Kanji, Kana,
Hangul, Cyrillic, ...) with any group; one that has ``=`` group by group, where an empty group matches every group. A
leading wild card may reach across ``=``.

Fuzzy matching (PS3.18 §8.3.4.2) goes by words: each word of the key must begin, or sound like, a word of the name, in
any order and in any component group. The sound is a five character code after the manner of Soundex: see `phonetic`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

# Letters that Unicode does not see as accented forms, but that people type without the stroke.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t"}
    | {"\u0131": "i", "\u2019": "'", "\u2010": "-", "\u2011": "-", "\0": ""}
)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_SEPARATORS = re.compile(r"([\^=*?\\])")
_NO_SEPARATORS = str.maketrans({mark: " " for mark in "^=*?\\"})
_DIGIT = re.compile(r"\d")
_WORDS = re.compile(r"[\s^=\\,;.\-]+")

_SOUND = {
    letter: code
    for letters, code in (("bfpv", "1"), ("cgjkqsxz", "2"), ("dt", "3"), ("l", "4"), ("mn", "5"), ("r", "6"))
    for letter in letters
}
# Spellings of one sound, replaced before a word is coded; the first group holds at the start of a word only.
_OPENINGS = (("kn", "n"), ("gn", "n"), ("wr", "r"), ("rh", "r"), ("ps", "s"), ("tsch", "c"), ("sch", "s"), ("x", "s"))
_SPELLINGS = (("ph", "f"), ("tch", "c"), ("dt", "t"), ("ck", "k"), ("th", "t"))
_FIRST_SOUNDS = str.maketrans("ckqgzjyv", "kkkksiif")
_CODE_LENGTH = 5
MAX_WORDS = 16
"""How many words of a key are matched fuzzily; no name has more."""


def normalize_name(text: str) -> str:
    """Give the normal form of a name or of a wild card pattern of one; ``*`` and ``?`` stay as they are."""
    if text.isascii() and "=" not in text:
        return _tidy_group(text.replace("\0", "").lower())
    parts = _SEPARATORS.split(text)
    folded = "".join(part if len(part) == 1 and part in "^=*?\\" else _fold(part) for part in parts)
    return "=".join(_tidy_group(group) for group in folded.split("=")).rstrip("=")


def _fold(text: str) -> str:
    """Take case, accents and width out of text that holds no separators; a wide separator is only a space."""
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold()
    composed = unicodedata.normalize("NFKC", _ACCENTS.sub("", plain))
    return composed.translate(_LETTERS).translate(_NO_SEPARATORS)


def _tidy_group(group: str) -> str:
    return "^".join(" ".join(component.split()) for component in group.split("^")).rstrip("^")


def name_patterns(text: str) -> tuple[str, ...]:
    """Give the patterns, any of which the normal form of a whole name must match, for a key with or without wild cards.

    All but ``*`` and ``?`` stands for itself. A pattern without them is a name to be equal to.
    """
    key = normalize_name(text)
    if "=" in key:
        head = "=".join(group or "*" for group in key.split("="))
        return _open_ended(head)
    if key.isascii():
        return _open_ended(key)
    return _open_ended(key) + _open_ended("*=" + key)


def _open_ended(pattern: str) -> tuple[str, ...]:
    """Let further component groups follow."""
    return (pattern,) if pattern.endswith("*") else (pattern, pattern + "=*")


def name_words(text: str) -> tuple[str, ...]:
    """Split a name, or a key, into its words in normal form; each word once, wild cards dropped."""
    plain = normalize_name(text.replace("*", " ").replace("?", " "))
    return tuple(dict.fromkeys(word for word in _WORDS.split(plain) if word))


@lru_cache(maxsize=4096)
def phonetic(word: str) -> str:
    """Code how a word in normal form sounds: its first sound, then up to four consonant classes of Soundex.

    Vowels separate, ``h`` and ``w`` do not, neighbours of one class count once. Spellings such as ``ph``/``f``,
    ``k``/``c``, ``sch``/``s``, ``tz``/``z`` come out alike. A word with other than Latin letters is its own code, and
    so is one with digits: what stands in place of a name, such as ``pat0001``, is not to be confused with others.
    """
    letters = "".join(letter for letter in word if letter.isalpha())
    if not letters.isascii() or not letters or _DIGIT.search(word):
        return word
    for spelling, sound in _OPENINGS:
        if letters.startswith(spelling):
            letters = sound + letters[len(spelling) :]
            break
    for spelling, sound in _SPELLINGS:
        letters = letters.replace(spelling, sound)
    return _code(letters)


def _code(letters: str) -> str:
    code = letters[0].translate(_FIRST_SOUNDS)
    before = _SOUND.get(letters[0], "")
    for letter in letters[1:]:
        sound = _SOUND.get(letter, "")
        if sound and sound != before:
            code += sound
        if letter not in "hw":
            before = sound
    return code[:_CODE_LENGTH]


def phonetic_codes(text: str) -> tuple[str, ...]:
    """Give the codes of the words of a name."""
    return tuple(dict.fromkeys(phonetic(word) for word in name_words(text)))


def matches_fuzzily(key: str, names: Iterable[str]) -> bool:
    """Say whether each word of the key begins, or sounds like, a word of one of the names; true if there is no word."""
    wanted = name_words(key)[:MAX_WORDS]
    return not wanted or any(_has_words(wanted, name_words(name)) for name in names)


def _has_words(wanted: Sequence[str], words: Sequence[str]) -> bool:
    codes = {phonetic(word) for word in words}
    return all(phonetic(want) in codes or any(word.startswith(want) for word in words) for want in wanted)

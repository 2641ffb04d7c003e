"""Person names: normal forms, patterns for the component groups, words, sounds (PS3.5 §6.2.1, PS3.18 §8.3.4.2)."""

import pytest

from dicomcore.matching import wild_card_matches
from dicomcore.names import (
    MAX_WORDS,
    matches_fuzzily,
    name_patterns,
    name_words,
    normalize_name,
    phonetic,
    phonetic_codes,
)


def wide(text: str) -> str:
    """Write ASCII in the full width forms of Unicode, except the separators of a name."""
    return "".join(letter if letter in "^=" else chr(ord(letter) + 0xFEE0) for letter in text)


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("DOE^JOHN", "doe^john"),
        ("Doe^John^^^", "doe^john"),
        (" Doe  Smith ^ John ", "doe smith^john"),
        ("Müller^José", "muller^jose"),
        ("Straße^Øre", "strasse^ore"),
        ("Łukasz^Đorđe", "lukasz^dorde"),
        (wide("Doe^John"), "doe^john"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "yamada^tarou=山田^太郎=やまだ^たろう"),
        ("Doe^John==", "doe^john"),
        ("=山田^太郎", "=山田^太郎"),
        ("이^순신", "이^순신"),
        ("ガ^ぎ", "ガ^ぎ"),
        ("Doe\0", "doe"),
        ("Doe*^?", "doe*^?"),
        ("", ""),
    ],
)  # fmt: skip
def test_normal_forms(name: str, normal: str) -> None:
    assert normalize_name(name) == normal


def test_a_wide_asterisk_is_no_wild_card() -> None:
    assert "*" not in normalize_name(wide("a*"))


def matches(key: str, name: str) -> bool:
    stored = normalize_name(name)
    return any(wild_card_matches(pattern, stored) for pattern in name_patterns(key))


@pytest.mark.parametrize(
    "key",
    [
        "yamada^tarou",
        "YAMADA*",
        "王*",
        "山田^太郎",
        "*太郎",
        "やまだ*",
        "*=山田*",
        "=山田^*=",
        "Yamada^Tarou=山田^太郎",
    ],
)
def test_a_key_matches_the_component_group_it_is_written_in(key: str) -> None:
    name = "Yamada^Tarou=王^山田=やまだ^たろう" if key == "王*" else "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert matches(key, name)


@pytest.mark.parametrize("key", ["yamada", "tarou*", "山田", "*=太郎*", "yamada^taro"])
def test_a_key_matches_a_whole_component_group(key: str) -> None:
    assert not matches(key, "Yamada^Tarou=山田^太郎=やまだ^たろう")


def test_plain_letters_are_looked_for_in_the_alphabetic_group_only() -> None:
    assert not matches("ward*", "Yamada^Tarou=Ward^X")


def test_words_come_once_each_without_separators_and_wild_cards() -> None:
    assert name_words("Doe-Smith^John^J. =山田") == ("doe", "smith", "john", "j", "山田")
    assert name_words("Doe^Doe*") == ("doe",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("swain", "swayne"),
        ("schmidt", "schmitt"),
        ("smith", "smyth"),
        ("meyer", "maier"),
        ("catherine", "katherine"),
        ("philip", "filip"),
        ("knight", "night"),
    ],
)
def test_words_that_sound_alike_have_one_code(one: str, other: str) -> None:
    assert phonetic(one) == phonetic(other)


@pytest.mark.parametrize(("one", "other"), [("doe", "smith"), ("meyer", "mueller"), ("jackson", "johnson")])
def test_words_that_sound_otherwise_have_other_codes(one: str, other: str) -> None:
    assert phonetic(one) != phonetic(other)


def test_a_word_in_another_script_is_its_own_code() -> None:
    assert phonetic("山田") == "山田"
    assert phonetic("123") == "123"


@pytest.mark.parametrize("word", ["pat0001", "c3n", "00953", "4d"])
def test_a_word_with_digits_in_it_sounds_like_nothing_else(word: str) -> None:
    assert phonetic(word) == word


def test_an_apostrophe_has_no_sound() -> None:
    assert phonetic("o'brien") == phonetic("obrien")


def test_fuzzy_matching_finds_a_code_only_by_its_beginning() -> None:
    assert matches_fuzzily("PAT00", ["PAT0001"])
    assert not matches_fuzzily("PAT0001", ["PAT0002"])
    assert not matches_fuzzily("PAT0001", ["Patty^Anna"])


def test_a_name_has_a_code_for_each_word() -> None:
    assert phonetic_codes("Swain^John") == (phonetic("swayne"), phonetic("jon"))


def test_fuzzy_matching_takes_words_in_any_order_by_beginning_or_sound() -> None:
    assert matches_fuzzily("john swayne", ["Swain^John^Q"])
    assert matches_fuzzily("müll", ["Mueller^X", "Müller^Y"])
    assert not matches_fuzzily("john doe", ["Swain^John"])


def test_fuzzy_matching_wants_all_words_in_one_name() -> None:
    assert not matches_fuzzily("doe john", ["Doe^Anna", "Smith^John"])


def test_a_fuzzy_key_without_words_matches_everything() -> None:
    assert matches_fuzzily("^*", [])


def test_only_so_many_words_of_a_fuzzy_key_count() -> None:
    key = " ".join(["doe", *(f"d{number}oe" for number in range(MAX_WORDS - 1)), "missing"])
    assert matches_fuzzily(key, [key.replace("missing", "")])

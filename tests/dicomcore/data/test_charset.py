import pytest

from dicomcore.data.charset import DEFAULT, UTF8, Charset


def charset(*terms: str) -> Charset:
    return Charset.of(terms)


# PS3.5 Annexes H, I, J and K: the terms, the VR, the bytes, the text.
EXAMPLES = {
    "H.3.1": (
        "\\ISO 2022 IR 87",
        "PN",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "H.3.2": (
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        "PN",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "I.2": (
        "\\ISO 2022 IR 149",
        "PN",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    "I.3": (
        "\\ISO 2022 IR 149",
        "LT",
        b"\x1b$)CThe 1st line includes \xb1\xe6\xb5\xbf.\r\n\x1b$)CThe 2nd line includes \xb1\xe6\xb5\xbf, too.\r\n",
        "The 1st line includes 길동.\r\nThe 2nd line includes 길동, too.\r\n",
    ),
    "J.1": (
        "ISO_IR 192",
        "PN",
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
        "Wang^XiaoDong=王^小東=",
    ),
    "J.3": (
        "GB18030",
        "PN",
        b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
        "Wang^XiaoDong=王^小东=",
    ),
    "J.4": (
        "GBK",
        "PN",
        b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
        "Wang^XiaoDong=王^小东=",
    ),
    "K.2": (
        "\\ISO 2022 IR 58",
        "PN",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
    "K.3": (
        "\\ISO 2022 IR 58",
        "LT",
        b"1. \x1b$)A\xb5\xda\xd2\xbb\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n2. \x1b$)A\xb5\xda\xb6\xfe\xd0\xd0\r\n3.",
        "1. 第一行文字。\r\n2. 第二行\r\n3.",
    ),
}

# For each single-byte term a word in it, and its bytes.
SINGLE_BYTE = {
    "100": (b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    "101": (b"Wa\xb3\xeasa", "Wałęsa"),
    "109": (b"\xc6ejsi", "Ĉejsi"),
    "110": (b"k\xfehi", "kūhi"),
    "144": (b"\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3", "Люксембург"),
    "127": (b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"),
    "126": (b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
    "138": (b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"),
    "148": (b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu"),
    "203": (b"\xa4 \xbduvre", "€ œuvre"),
    "13": (b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    "166": (b"\xca\xc1\xaa\xd2\xc2", "สมชาย"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_the_standard_are_read(name: str) -> None:
    terms, vr, raw, text = EXAMPLES[name]
    assert charset(*terms.split("\\")).decode(raw, vr) == text


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - {"I.3"}))
def test_examples_of_the_standard_are_written(name: str) -> None:
    terms, vr, raw, text = EXAMPLES[name]
    assert charset(*terms.split("\\")).encode(text, vr) == raw


def test_an_escape_sequence_is_written_where_it_is_first_needed_in_a_line() -> None:
    terms, vr, raw, text = EXAMPLES["I.3"]
    korean = charset(*terms.split("\\"))
    assert korean.encode("The 1st: 길동 길.\r\n길", vr) == (
        b"The 1st: \x1b$)C\xb1\xe6\xb5\xbf \xb1\xe6.\r\n\x1b$)C\xb1\xe6"
    )
    assert korean.decode(korean.encode(text, vr), vr) == korean.decode(raw, vr)


@pytest.mark.parametrize("number", SINGLE_BYTE)
@pytest.mark.parametrize("form", ["ISO_IR {}", "ISO 2022 IR {}"])
def test_single_byte_sets_are_read_and_written(form: str, number: str) -> None:
    raw, text = SINGLE_BYTE[number]
    assert charset(form.format(number)).decode(raw, "PN") == text
    assert charset(form.format(number)).encode(text, "PN") == raw


@pytest.mark.parametrize("number", sorted(SINGLE_BYTE.keys() - {"13"}))
def test_single_byte_sets_are_reached_by_escape_sequences(number: str) -> None:
    word = "".join(char for char in SINGLE_BYTE[number][1] if not char.isascii())
    mixed = charset("", f"ISO 2022 IR {number}")
    encoded = mixed.encode(f"a{word}\\b{word}")
    assert encoded[:3] == b"a\x1b-" and encoded.count(b"\x1b") == 2
    assert mixed.decode(encoded) == f"a{word}\\b{word}"


def test_the_sets_of_the_start_are_restored_before_each_delimiter() -> None:
    mixed = charset("ISO 2022 IR 100", "ISO 2022 IR 126")
    raw = b"\xe9\x1b-F\xeb\x1b-A^\xe9"
    assert mixed.encode("éλ^é", "PN") == raw
    assert mixed.decode(raw, "PN") == "éλ^é"


@pytest.mark.parametrize("delimiter", ["\\", "^", "=", "\r", "\n", "\f", "\t"])
def test_a_delimiter_resets_what_an_escape_sequence_changed(delimiter: str) -> None:
    mixed = charset("ISO 2022 IR 100", "ISO 2022 IR 126")
    assert mixed.decode(b"\x1b-F\xeb" + delimiter.encode() + b"\xeb", "PN") == f"λ{delimiter}ë"


@pytest.mark.parametrize(("vr", "text"), [("LO", "λ^λ=λ\\ë"), ("LT", "λ^λ=λ\\λ"), ("PN", "λ^ë=ë\\ë")])
def test_delimiters_depend_on_the_vr(vr: str, text: str) -> None:
    raw = b"\x1b-F\xeb^\xeb=\xeb\\\xeb"
    assert charset("ISO 2022 IR 100", "ISO 2022 IR 126").decode(raw, vr) == text


@pytest.mark.parametrize(
    ("terms", "raw"),
    [
        ("GBK", "珅\\乗".encode("gbk")),
        ("GB18030", "珅\\乗".encode("gb18030")),
        ("ISO_IR 13", "ソ\\表".encode("shift_jis")),
        ("\\ISO 2022 IR 87", b"\x1b$B=\\\x1b(B\\\x1b$B;3\x1b(B"),
    ],
)
def test_a_backslash_inside_a_double_byte_character_separates_nothing(terms: str, raw: bytes) -> None:
    values = charset(*terms.split("\\")).decode_values(raw, "LO")
    assert raw.count(b"\\") >= 2
    assert [len(value) for value in values] == [1, 1]


@pytest.mark.parametrize("vr", ["LO", "SH", "PN", "CS", "UI", "AE"])
def test_padding_is_no_part_of_a_value(vr: str) -> None:
    assert DEFAULT.decode_values(b" one \\two\0", vr) == ["one", "two"]


@pytest.mark.parametrize("vr", ["ST", "LT", "UT", "UR"])
def test_leading_spaces_and_backslashes_belong_to_a_text(vr: str) -> None:
    assert DEFAULT.decode_values(b" one \\ two \0", vr) == [" one \\ two"]


def test_leading_spaces_belong_to_unlimited_characters_which_have_many_values() -> None:
    assert DEFAULT.decode_values(b" one \\ two ", "UC") == [" one", " two"]


def test_an_empty_field_has_no_values_and_empty_values_keep_their_place() -> None:
    assert DEFAULT.decode_values(b"") == []
    assert DEFAULT.decode_values(b"A\\\\B\\") == ["A", "", "B", ""]


@pytest.mark.parametrize(
    "term",
    [
        *("ISO_IR 192", "ISO-IR 192", "ISO IR 192", "ISO_IR_192", "iso_ir 192 ", "ISO 2022 IR 192", "UTF-8", "utf8"),
        *("\\ISO_IR 192", "ISO 2022 IR 6\\ISO_IR 192"),
    ],
)
def test_utf_8_is_recognised_however_it_is_written(term: str) -> None:
    assert charset(term).decode("Größe 東".encode()) == "Größe 東"


@pytest.mark.parametrize(
    "term", ["ISO_IR 100", "ISO-IR 100", "ISO IR 100", "ISO_IR_100", "ISO 2022 IR100", "ISO_2022_IR_100", "ISO 8859-1"]
)
def test_latin_1_is_recognised_however_it_is_written(term: str) -> None:
    assert charset("", term).encode("é") == b"\x1b-A\xe9"
    assert charset(term).encode("é") == b"\xe9"


@pytest.mark.parametrize("term", ["ISO 2022 58", "GB2312", "ISO_2022_IR_58"])
def test_chinese_is_recognised_however_it_is_written(term: str) -> None:
    assert charset("", term).decode(b"\x1b$)A\xd5\xc5") == "张"


def test_an_unknown_term_counts_for_nothing() -> None:
    assert charset("KLINGON").decode(b"\xe9") == "é"
    assert charset("KLINGON").encode("é") == b"?"
    assert charset("KLINGON", "ISO 2022 IR 87").decode(b"\x1b$B;3\x1b(B") == "山"


def test_high_bytes_without_character_set_are_read_as_latin_1_and_never_written() -> None:
    assert DEFAULT.decode(b"M\xfcller") == "Müller"
    assert DEFAULT.encode("Müller") == b"M?ller"


def test_korean_without_escape_sequences_is_read() -> None:
    assert charset("", "ISO 2022 IR 149").decode(b"Hong=\xc8\xab^\xb1\xe6\xb5\xbf", "PN") == "Hong=홍^길동"
    assert charset("ISO 2022 IR 149").decode(b"\xc8\xab") == "홍"


def test_escape_sequences_that_no_term_announces_are_followed() -> None:
    assert charset("ISO_IR 100").decode(b"\x1b$B;3ED\x1b(B") == "山田"


def test_stand_alone_sets_know_no_escape_sequences() -> None:
    assert UTF8.decode(b"\xc3\xa9\x1b$B;3") == "é\x1b$B;3"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b$(D0!\x1b(B", "丂"),
        (b"\x1b$@;3\x1b(B", "山"),
        (b"\x1b(ITO@^\x1b(B^", "ﾔﾏﾀﾞ^"),
        (b"\x1b$A!!\x1b(B", "\u3000"),
    ],
)
def test_other_designations_of_iso_2022_are_followed(raw: bytes, text: str) -> None:
    assert charset("", "ISO 2022 IR 87").decode(raw) == text


def test_kanji_and_katakana_live_side_by_side() -> None:
    japanese = charset("ISO 2022 IR 13", "ISO 2022 IR 87", "ISO 2022 IR 159")
    assert japanese.decode(b"\x1b$B;3\xd4 ED\x1b(J") == "山ﾔ 田"
    raw = japanese.encode("ﾔ山丂a丁", "LO")
    assert raw == b"\xd4\x1b$B;3\x1b$(D0!\x1b(Ja\x1b$BCz\x1b(J"
    assert japanese.decode(raw) == "ﾔ山丂a丁"


def test_vendor_kanji_and_hangul_beyond_the_standard_are_read() -> None:
    assert charset("", "ISO 2022 IR 87").decode(b"\x1b$B|b66\x1b(B") == "髙橋"
    assert charset("", "ISO 2022 IR 149").decode(b"\x1b$)C\x8cc") == "똠"
    assert charset("", "ISO 2022 IR 58").decode(b"\x1b$)A\xe9F\xd5\xc5") == "镕张"


@pytest.mark.parametrize(
    ("terms", "raw", "text"),
    [
        ("ISO_IR 192", b"a\xff b", "a\ufffd b"),
        ("ISO_IR 192", b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        ("ISO_IR 127", b"a\xa1", "a\ufffd"),
        ("ISO_IR 13", b"a\xa0\xfd", "a\ufffd\ufffd"),
        ("ISO_IR 100", b"a\x1bZb", "a\ufffdZb"),
        ("\\ISO 2022 IR 87", b"\x1b$B~~\x1b(B", "\ufffd"),
        ("\\ISO 2022 IR 87", b"\x1b$B;3;", "山;"),
        ("\\ISO 2022 IR 149", b"\x1b$)C\xc8", "\ufffd"),
    ],
)
def test_wrong_bytes_become_replacement_characters(terms: str, raw: bytes, text: str) -> None:
    assert charset(*terms.split("\\")).decode(raw) == text


@pytest.mark.parametrize("terms", ["", "ISO_IR 100", "\\ISO 2022 IR 149", "ISO 2022 IR 13\\ISO 2022 IR 87", "GBK"])
def test_what_no_declared_set_has_is_written_as_a_question_mark(terms: str) -> None:
    assert charset(*terms.split("\\")).encode("a\u0f40\ud800b") == b"a??b"


def test_the_yen_sign_is_no_backslash() -> None:
    assert charset("ISO_IR 13").decode(b"\x5c\x7e\xb1") == "\\~ｱ"
    assert charset("ISO_IR 13").encode("\u00a5\u203e") == b"??"


def test_an_escape_character_in_a_text_cannot_start_an_escape_sequence() -> None:
    assert charset("ISO_IR 100").encode("\x1b-F\xe1") == b"?-F\xe1"


def test_a_character_set_is_made_once() -> None:
    assert Charset.of(["ISO_IR 100"]) is Charset.of(("ISO_IR 100",))
    assert Charset.of([]) is DEFAULT
    assert charset("ISO 2022 IR 6\\ISO 2022 IR 87").terms == ("ISO 2022 IR 6", "ISO 2022 IR 87")
    assert repr(charset("", "ISO 2022 IR 87")) == r"Charset('\\ISO 2022 IR 87')"

from hypothesis import given
from hypothesis import strategies as st

from dicomcore.data.charset import _BY_ESCAPE, Charset
from dicomcore.data.vr import VRS

NUMBERS = [
    "6",
    "100",
    "101",
    "109",
    "110",
    "144",
    "127",
    "126",
    "138",
    "148",
    "203",
    "13",
    "166",
    "87",
    "159",
    "149",
    "58",
]
TERMS = [f"ISO_IR {n}" for n in NUMBERS] + [f"ISO 2022 IR {n}" for n in NUMBERS] + ["ISO_IR 192", "GB18030", "GBK", ""]

terms = st.lists(st.one_of(st.sampled_from(TERMS), st.text(max_size=20)), max_size=4)
vrs = st.sampled_from(sorted(VRS))
# Bytes that meet escape sequences and delimiters more often than chance would have it.
pieces = st.one_of(
    st.binary(max_size=8), st.sampled_from([*_BY_ESCAPE, b"\x1b", b"\\", b"^", b"=", b"\r\n", b"\0", b" "])
)
raws = st.lists(pieces, max_size=12).map(b"".join)
texts = st.text(st.characters(codec=None), max_size=20)


@given(terms, raws, vrs)
def test_any_bytes_become_text_that_utf_8_can_hold(names: list[str], raw: bytes, vr: str) -> None:
    charset = Charset.of(names)
    assert isinstance(charset.decode(raw, vr).encode("utf-8"), bytes)
    assert all(value.encode("utf-8") is not None for value in charset.decode_values(raw, vr))


@given(terms, st.text(st.characters(max_codepoint=0x7F, exclude_characters="\x1b")), vrs)
def test_ascii_is_ascii_in_every_character_set(names: list[str], text: str, vr: str) -> None:
    charset = Charset.of(names)
    assert charset.encode(text, vr) == text.encode("ascii")
    assert charset.decode(text.encode("ascii"), vr) == text


@given(terms, texts, vrs)
def test_what_was_written_is_read_again(names: list[str], text: str, vr: str) -> None:
    charset = Charset.of(names)
    written = charset.decode(charset.encode(text, vr), vr)
    assert len(written) == len(text)
    assert all(after in (before, "?") for before, after in zip(text, written, strict=True))


@given(texts)
def test_utf_8_keeps_every_character_but_surrogates(text: str) -> None:
    utf_8 = Charset.of(["ISO_IR 192"])
    assert utf_8.decode(utf_8.encode(text)) == "".join("?" if "\ud800" <= char <= "\udfff" else char for char in text)


@given(terms, raws)
def test_delimiters_outside_double_byte_characters_separate_values(names: list[str], raw: bytes) -> None:
    charset = Charset.of(names)
    values = charset.decode_values(raw, "LO")
    assert len(values) == (charset.decode(raw, "LO").count("\\") + 1 if raw else 0)

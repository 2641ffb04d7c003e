import warnings
from pathlib import Path

import pydicom
import pydicom.charset
import pytest
from pydicom.data import get_charset_files
from pydicom.valuerep import PersonName

from dicomcore.data.charset import Charset

SINGLE_BYTE = ["100", "101", "109", "110", "144", "127", "126", "138", "148", "13", "166"]
TEXT_VRS = {"LO", "SH", "PN", "LT", "ST", "UT", "UC"}
# pydicom leaves this escape sequence in the text.
CHINESE_ESCAPE = "\x1b$)A"


def pydicom_text(raw: bytes, terms: list[str], delimiters: str = "\\\r\n\f\t") -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encodings = pydicom.charset.convert_encodings(terms)
        return pydicom.charset.decode_bytes(raw, encodings, set(delimiters.encode())).replace(CHINESE_ESCAPE, "")


def pydicom_bytes(text: str, terms: list[str]) -> bytes:
    return pydicom.charset.encode_string(text, pydicom.charset.convert_encodings(terms))


def pydicom_name(raw: bytes, terms: list[str]) -> str:
    return str(PersonName(raw, pydicom.charset.convert_encodings(terms))).replace(CHINESE_ESCAPE, "")


def pydicom_name_bytes(text: str, terms: list[str]) -> bytes:
    encodings = pydicom.charset.convert_encodings(terms)
    return PersonName(text, encodings).encode(encodings)


@pytest.mark.parametrize("number", SINGLE_BYTE)
def test_every_byte_of_a_single_byte_set_is_the_same_character(number: str) -> None:
    # The no-break space A0 is in ISO 8859-11 and not in TIS 620, of which pydicom knows only the latter.
    for code in (*range(0x20, 0x7F), *range(0xA1, 0x100)):
        raw = b"a" + bytes([code]) + b"b"
        assert Charset.of([f"ISO_IR {number}"]).decode(raw) == pydicom_text(raw, [f"ISO_IR {number}"]), hex(code)


def repertoire(codec: str) -> str:
    """Return what a double-byte codec has in the rows that the sets of DICOM share with it."""
    pairs = (bytes((row, cell)) for row in range(0xA1, 0xFF) for cell in range(0xA1, 0xFF))
    return "".join(text for pair in pairs if len(text := pair.decode(codec, "ignore")) == 1)


@pytest.mark.parametrize(
    ("terms", "codec"),
    [
        (["", "ISO 2022 IR 87"], "euc_jp"),
        (["", "ISO 2022 IR 149"], "euc_kr"),
        (["", "ISO 2022 IR 58"], "gb2312"),
        (["ISO_IR 192"], "euc_jp"),
        (["GB18030"], "gb18030"),
        (["GBK"], "gbk"),
    ],
)
def test_every_character_of_a_double_byte_set_is_written_as_pydicom_reads_it_and_read_as_it_writes(
    terms: list[str], codec: str
) -> None:
    characters = repertoire(codec)
    assert len(characters) > 6000
    ours = Charset.of(terms)
    for start in range(0, len(characters), 50):
        text = characters[start : start + 50]
        assert pydicom_text(ours.encode(text), terms) == text
        assert ours.decode(pydicom_bytes(text, terms)) == text


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        (["", "ISO 2022 IR 58"], "Zhang^XiaoDong=张^小东"),
        (["ISO_IR 192"], "Wang^XiaoDong=王^小東"),
        (["GB18030"], "Wang^XiaoDong=王^小东"),
        (["ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 126"], "Dionysios is Διονυσιος or Люксембюрг^Buc^Jérôme"),
        (["ISO 2022 IR 6", "ISO 2022 IR 87", "ISO 2022 IR 159"], "あa丂^b=齩"),
    ],
)
def test_names_are_written_as_pydicom_reads_them_and_read_as_it_writes(terms: list[str], text: str) -> None:
    ours = Charset.of(terms)
    assert pydicom_name(ours.encode(text, "PN"), terms) == text
    assert ours.decode(pydicom_name_bytes(text, terms), "PN") == text


def charset_files() -> list[str]:
    return sorted(name for name in get_charset_files("*.dcm"))


@pytest.mark.parametrize("file", charset_files(), ids=lambda file: Path(file).stem)
def test_every_text_of_the_files_of_pydicom_is_the_same(file: str) -> None:
    raw_dataset, dataset = pydicom.dcmread(file), pydicom.dcmread(file)
    raw_terms = dataset.get("SpecificCharacterSet") or []
    terms = [raw_terms] if isinstance(raw_terms, str) else list(raw_terms)
    compared = 0
    for tag in list(raw_dataset.keys()):
        raw = raw_dataset.get_item(tag)
        vr = dataset[tag].VR
        if vr not in TEXT_VRS or not isinstance(raw.value, bytes) or not raw.value:
            continue
        value = dataset[tag].value
        values = [str(item) for item in value] if isinstance(value, pydicom.multival.MultiValue) else [str(value)]
        ours = Charset.of(terms).decode_values(raw.value, vr)
        # pydicom takes the empty component groups away from the end of a name.
        assert ([name.rstrip("=") for name in ours] if vr == "PN" else ours) == values
        compared += 1
    assert compared > 0

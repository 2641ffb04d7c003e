"""Whatever is in a value, the metadata are strict JSON in UTF-8; what they say survives a round trip."""

import contextlib
import json
import math
from typing import Any

from builders import LONG_HEADER, element, sequence
from hypothesis import given
from hypothesis import strategies as st

from dicomcore.data.dataset import Dataset
from dicomcore.data.json_model import BulkdataPolicy, encode_json
from dicomcore.data.json_reader import decode_json
from dicomcore.data.reader import read_dataset
from dicomcore.data.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.data.vr import VRS
from dicomcore.data.xml_model import encode_xml
from dicomcore.data.xml_reader import decode_xml
from dicomcore.errors import DataError

POLICY = BulkdataPolicy(b"/", threshold=40)
CHARACTER_SETS = [
    "",
    "ISO_IR 100",
    "ISO_IR 13",
    "ISO_IR 192",
    "GB18030",
    "GBK",
    "\\ISO 2022 IR 87",
    "ISO 2022 IR 149",
    "X",
]

vrs = st.sampled_from(sorted(VRS.keys() - {"SQ"}))
character_sets = st.sampled_from(CHARACTER_SETS)
raws = st.one_of(st.binary(max_size=60), st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")))


def refuse(constant: str) -> Any:
    raise AssertionError(constant)


def strictly(document: bytes) -> Any:
    return json.loads(document.decode("utf-8"), parse_constant=refuse)


def dataset_of(character_set: str, vr: str, raw: bytes, *, big_endian: bool = False) -> Dataset:
    value = element(0x00091001, vr, raw, big_endian=big_endian)
    content = element(0x00080005, "CS", character_set, big_endian=big_endian)
    content += sequence(0x00081140, value, big_endian=big_endian) + value
    return read_dataset(content, EXPLICIT_VR_BIG_ENDIAN if big_endian else EXPLICIT_VR_LITTLE_ENDIAN)


@given(character_sets, vrs, raws, st.booleans())
def test_any_bytes_in_a_value_give_strict_json(character_set: str, vr: str, raw: bytes, big_endian: bool) -> None:
    document = encode_json(dataset_of(character_set, vr, raw, big_endian=big_endian), POLICY)
    assert set(strictly(document)) == {"00080005", "00081140", "00091001"}


@given(character_sets, vrs, raws)
def test_any_bytes_in_a_value_give_well_formed_xml(character_set: str, vr: str, raw: bytes) -> None:
    decoded = None
    try:
        decoded = decode_xml(encode_xml(dataset_of(character_set, vr, raw), POLICY))
    except DataError as error:
        # Well-formed, but no value of its VR any more: the metadata say what the bytes were.
        assert "no valid XML" not in str(error)
    assert decoded is None or len(decoded.dataset)


texts = st.text(st.characters(exclude_characters="\\=^\0", exclude_categories=("Cs",)), min_size=1, max_size=20)
words = texts.map(lambda text: text.strip()).filter(bool).filter(lambda text: "\x1b" not in text)
numbers = st.one_of(st.integers(-(2**31), 2**31 - 1), st.just(0))
items = {
    "LO": words,
    "UC": words,
    "UT": words,
    "PN": st.dictionaries(st.sampled_from(["Alphabetic", "Ideographic", "Phonetic"]), words, min_size=1),
    "CS": st.sampled_from(["A", "B_1", "C 2"]),
    "SL": numbers,
    "IS": numbers,
    "SV": st.integers(-(2**53), 2**53),
    "FD": st.floats(allow_nan=False, allow_infinity=False).filter(math.isfinite),
    "AT": st.integers(0, 2**32 - 1).map(lambda tag: f"{tag:08X}"),
}


@st.composite
def attributes(draw: st.DrawFn) -> dict[str, Any]:
    vr = draw(st.sampled_from(sorted(items)))
    size = 1 if vr == "UT" else 4
    return {"vr": vr, "Value": draw(st.lists(items[vr], min_size=1, max_size=size))}


tags = st.integers(0x00100010, 0x7FDFFFFF).filter(lambda tag: tag & 0xFFFF and not tag & 0x10000).map("{:08X}".format)
leaves = st.dictionaries(tags, attributes(), max_size=5)
members = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda plain, tag, values: {**plain, tag: {"vr": "SQ", "Value": values}},
        leaves,
        tags,
        st.lists(inner, min_size=1, max_size=2),
    ),
    max_leaves=6,
)


@given(members)
def test_metadata_survive_a_round_trip_through_a_data_set(metadata: dict[str, Any]) -> None:
    back = strictly(encode_json(decode_json(json.dumps(metadata).encode()).dataset, POLICY))
    back.pop("00080005", None)
    assert back == metadata


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_decoded_or_refused(document: Any) -> None:
    with contextlib.suppress(DataError):
        decode_json(json.dumps({"00080018": document}).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(document: bytes) -> None:
    for decode in (decode_json, decode_xml):
        with contextlib.suppress(DataError):
            decode(document)


def test_the_vrs_with_long_headers_are_those_of_the_builders() -> None:
    assert {vr for vr, rule in VRS.items() if rule.long_header} == LONG_HEADER

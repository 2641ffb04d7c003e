"""Hostile objects: whatever is sent as an instance is stored or refused with a reason, at once, and harms nothing."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from string import ascii_uppercase
from xml.etree import ElementTree

import httpx
import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    header,
    item,
    part10,
    sequence,
)

from dicomcore.data import read_file
from dicomcore.errors import CorruptFrame, DataError, DicomError, LimitExceeded, MalformedDataset

INSTANCE = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"
AS_STORED = {"Accept": "application/dicom; transfer-syntax=*"}
OCTETS = {"Accept": "application/octet-stream"}
XML = {"Accept": 'multipart/related; type="application/dicom+xml"'}
PROCESSING_FAILURE, MISMATCH, CANNOT_UNDERSTAND, TOO_LARGE = 0x0110, 0xA900, 0xC000, 0xA700


async def store(client: httpx.AsyncClient, content: bytes, path: str = "/studies") -> httpx.Response:
    return await client.post(path, content=content, headers={"Content-Type": "application/dicom"})


def reason(answer: httpx.Response) -> int:
    """The Failure Reason of the one instance that was refused."""
    module = json.loads(answer.content)
    assert answer.status_code == 409, answer.text
    assert "00081199" not in module
    (failure,) = module.get("00081198", module.get("0008119A"))["Value"]
    return int(failure["00081197"]["Value"][0])


def strict(text: bytes) -> object:
    """JSON as RFC 8259 has it: UTF-8, no NaN, no half of a surrogate pair."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    parsed = json.loads(text.decode("utf-8"), parse_constant=refuse)
    json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    return parsed


def xml_documents(answer: httpx.Response) -> list[ElementTree.Element]:
    """Parse each part of a multipart answer, as any XML 1.0 parser does."""
    boundary = answer.headers["content-type"].rpartition("boundary=")[2].strip('"').encode()
    parts = answer.content.split(b"--" + boundary)[1:-1]
    return [ElementTree.fromstring(part.partition(b"\r\n\r\n")[2].strip()) for part in parts]


async def check_everything_answers(client: httpx.AsyncClient) -> None:
    """Ask for what is stored in every form; answers are strict JSON, well-formed XML, or a named refusal."""
    for path in ("/studies?includefield=all", "/instances?includefield=all", f"{INSTANCE}/metadata"):
        answer = await client.get(path)
        assert answer.status_code == 200
        strict(answer.content)
        assert xml_documents(await client.get(path, headers=XML)) != []
    for path in (INSTANCE, f"{INSTANCE}/bulkdata", f"{INSTANCE}/frames/1", f"{INSTANCE}/pixeldata"):
        for headers in ({}, OCTETS, AS_STORED):
            with suppress(BrokenOff):
                assert (await get(client, path, headers)).status_code in (200, 206, 404, 406, 413, 422)


class BrokenOff(Exception):
    """An answer of several parts had begun when one of them could not be made: the connection ends."""


async def get(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    try:
        return await client.get(path, headers=headers)
    except RuntimeError as error:
        assert "already started" in str(error)
        assert isinstance(error.__cause__, CorruptFrame)
        raise BrokenOff from error


# Truncation.


def structured(implicit: bool = False, big_endian: bool = False) -> bytes:
    """A data set with every structure there is: sequences and items of both kinds of length, fragments."""
    options = {"implicit": implicit, "big_endian": big_endian}
    inner = element(0x00080100, "SH", "A", **options) + sequence(
        0x00081140, element(0x00081155, "UI", "1.2", **options), undefined=True, **options
    )
    extra = sequence(0x00400275, inner, b"", **options) + sequence(0x00400555, inner, inner, undefined=True, **options)
    return ct_dataset(extra=extra, **options)


def element_ends(dataset: bytes, transfer_syntax: str) -> set[int]:
    """Offsets between elements of the first level that follow the identifiers: a cut there cannot be told."""
    found = read_file(part10(dataset, transfer_syntax))
    ends = {one.end + (8 if one.has_undefined_length else 0) for one in found.dataset if one.tag >= 0x0020000E}
    return {end - found.dataset_start for end in ends}


ENCODINGS = [
    (EXPLICIT_LE, structured()),
    (IMPLICIT_LE, structured(implicit=True)),
    (EXPLICIT_BE, structured(big_endian=True)),
    (
        RLE_LOSSLESS,
        ct_dataset(PixelData=None) + encapsulated([b"\1" * 64, b"\2" * 30], offset_table=struct.pack("<II", 0, 72)),
    ),
]


@pytest.mark.parametrize(("transfer_syntax", "dataset"), ENCODINGS, ids=["explicit", "implicit", "big", "fragments"])
def test_cut_at_any_byte_is_noticed(transfer_syntax: str, dataset: bytes) -> None:
    silent = {end for end in range(len(dataset)) if is_readable(part10(dataset[:end], transfer_syntax))}
    assert {end for end in silent if end > dataset.index(b"1.2.3.1")} == element_ends(dataset, transfer_syntax) - {
        len(dataset)
    }


def is_readable(content: bytes) -> bool:
    try:
        read_file(content)
    except DicomError:
        return False
    return True


def test_cut_of_a_deflated_data_set_is_noticed_at_any_byte() -> None:
    content = ct_instance(DEFLATED_LE)
    start = read_file(content).dataset_start
    stream_end = start + deflated_length(content[start:])
    assert [end for end in range(start + 1, stream_end) if is_readable(content[:end])] == []


def deflated_length(stream: bytes) -> int:
    inflater = zlib.decompressobj(-15)
    inflater.decompress(stream)
    return len(stream) - len(inflater.unused_data)


def test_cut_in_file_meta_information_is_noticed_at_any_byte() -> None:
    content = ct_instance()
    start = read_file(content).dataset_start
    for end in range(132, start):
        with pytest.raises(DataError):
            read_file(content[:end]).dataset.text(0x00080018) or raise_not_there()


def raise_not_there() -> None:
    raise DataError("there is no data set")


@pytest.mark.parametrize("cut", [1, 100, 131, 132, 200, 400, -1, -16, -32, -33, -40])
async def test_truncated_instance_is_not_acknowledged(client: httpx.AsyncClient, cut: int) -> None:
    assert reason(await store(client, ct_instance()[:cut])) in (MISMATCH, CANNOT_UNDERSTAND)
    assert (await client.get("/instances")).status_code == 204


# Lengths that lie.


def lies() -> Iterator[bytes]:
    for length in (33, 34, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF):
        yield ct_dataset(PixelData=None) + header(0x7FE00010, "OW", length) + bytes(range(32))
        yield ct_dataset(PixelData=None) + header(0x7FE00010, "OB", length) + item(b"") + bytes(range(32))
        yield ct_dataset(PixelData=None) + sequence(0x00400275, b"")[:8] + struct.pack("<I", length) + item(b"ab")
        lying_item = struct.pack("<HHI", 0xFFFE, 0xE000, length) + element(0x00080100, "SH", "A")
        yield ct_dataset(PixelData=None) + header(0x00400275, "SQ", len(lying_item)) + lying_item
        fragment = struct.pack("<HHI", 0xFFFE, 0xE000, length) + bytes(8)
        yield ct_dataset(PixelData=None) + header(0x7FE00010, "OB", 0xFFFFFFFF) + item(b"") + fragment
    yield ct_dataset(PixelData=None) + element(0x00400280, "ST", "AB", length=0xFFFF)


async def test_length_beyond_the_end_is_refused(client: httpx.AsyncClient) -> None:
    for dataset in lies():
        assert reason(await store(client, part10(dataset))) == CANNOT_UNDERSTAND, dataset[-60:]


@pytest.mark.parametrize("length", [0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFF])
async def test_group_length_of_the_file_meta_is_not_believed(client: httpx.AsyncClient, length: int) -> None:
    content = bytearray(ct_instance())
    content[140:144] = struct.pack("<I", length)
    assert (await store(client, bytes(content))).status_code == 200


def test_every_length_field_may_lie_without_another_error_than_ours() -> None:
    content = ct_instance(extra=sequence(0x00400275, element(0x00080100, "SH", "A"), undefined=True))
    for offset, value in product(range(132, len(content) - 2), (b"\xff\xff", b"\0\0", b"\1\0", b"\xff\x7f")):
        is_readable(content[:offset] + value + content[offset + 2 :])


# Depth and width.


def nested(depth: int, *, undefined: bool, vr: str = "SQ") -> bytes:
    """Sequences within each other, built from the inside without recursion."""
    content = element(0x00080100, "SH", "A")
    if undefined:
        start = header(0x00400275, vr, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        end = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
        return start * depth + content + end * depth
    heads: list[bytes] = []
    size = len(content)
    for _ in range(depth):
        heads.append(header(0x00400275, vr, size + 8) + struct.pack("<HHI", 0xFFFE, 0xE000, size))
        size += 20
    return b"".join(reversed(heads)) + content


@pytest.mark.parametrize("undefined", [True, False])
async def test_64_levels_are_stored_and_answered_in_every_form(client: httpx.AsyncClient, undefined: bool) -> None:
    content = ct_instance(extra=nested(64, undefined=undefined))
    assert (await store(client, content)).status_code == 200
    await check_everything_answers(client)
    assert (await client.get(INSTANCE, headers=AS_STORED)).content == content


@pytest.mark.parametrize("depth", [65, 10_000, 100_000])
@pytest.mark.parametrize(("undefined", "vr"), [(True, "SQ"), (False, "SQ"), (True, "UN")])
async def test_more_levels_are_refused(client: httpx.AsyncClient, depth: int, undefined: bool, vr: str) -> None:
    answer = await store(client, ct_instance(extra=nested(depth, undefined=undefined, vr=vr)))
    assert reason(answer) in (TOO_LARGE, CANNOT_UNDERSTAND)
    assert "64" in answer.headers["warning"] or vr == "UN"


@pytest.mark.parametrize("depth", [65, 10_000, 100_000])
async def test_more_levels_in_implicit_vr_are_refused(client: httpx.AsyncClient, depth: int) -> None:
    start = struct.pack("<HHI", 0x0040, 0x0275, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    end = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    content = ct_instance(IMPLICIT_LE, extra=start * depth + end * depth)
    assert reason(await store(client, content)) == TOO_LARGE


def test_more_than_a_million_items_are_refused() -> None:
    with pytest.raises(LimitExceeded, match="elements"):
        read_file(ct_instance(extra=header(0x00400275, "SQ", 8_000_016) + item(b"") * 1_000_002))


def test_more_than_a_million_fragments_are_refused() -> None:
    content = ct_dataset(PixelData=None) + encapsulated([b""] * 1_000_001)
    with pytest.raises(LimitExceeded):
        read_file(part10(content, RLE_LOSSLESS))


async def test_200_000_elements_are_stored(client: httpx.AsyncClient) -> None:
    groups = (0x0041 + 2 * number for number in range(4))
    wide = b"".join(
        element(group << 16 | 0x0010, "LO", "ACME")
        + b"".join(header(group << 16 | number, "CS", 0) for number in range(0x1000, 0xD350))
        for group in groups
    )
    assert (await store(client, ct_instance(extra=wide))).status_code == 200
    answer = await client.get(f"{INSTANCE}/metadata")
    assert len(strict(answer.content)[0]) > 200_000  # type: ignore[index]


async def test_value_of_a_hundred_thousand_numbers_is_stored(client: httpx.AsyncClient) -> None:
    many = element(0x00189810, "FD", bytes(0xFFF8)) + header(0x00209157, "UL", 0xFFFC) + bytes(0xFFFC)
    assert (await store(client, ct_instance(extra=many))).status_code == 200
    strict((await client.get(f"{INSTANCE}/metadata")).content)


# Bombs.


def deflate_bomb(size: int) -> bytes:
    compressor = zlib.compressobj(9, wbits=-15)
    pieces = [compressor.compress(ct_dataset(Rows=4096, Columns=4096, PixelData=None) + header(0x7FE00010, "OB", size))]
    pieces += [compressor.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return part10(b"".join(pieces) + compressor.flush(), DEFLATED_LE)


async def test_deflate_bomb_is_refused(client: httpx.AsyncClient) -> None:
    assert reason(await store(client, deflate_bomb(512 << 20))) == TOO_LARGE


async def test_data_set_that_deflates_well_is_stored(client: httpx.AsyncClient) -> None:
    assert (await store(client, deflate_bomb(32 << 20))).status_code == 200
    assert len((await client.get(f"{INSTANCE}/bulkdata/7FE00010", headers=OCTETS)).content) == 32 << 20


@pytest.mark.parametrize("stream", [b"", b"\0", b"\xff" * 64, bytes(64), b"\x78\x9c" + b"\xff" * 64])
async def test_deflated_data_set_that_is_none_is_refused(client: httpx.AsyncClient, stream: bytes) -> None:
    assert reason(await store(client, part10(stream, DEFLATED_LE))) in (CANNOT_UNDERSTAND, MISMATCH)


GEOMETRIES = [
    {"Rows": 65535, "Columns": 65535},
    {"Rows": 0, "Columns": 0},
    {"Rows": 65535, "Columns": 65535, "BitsAllocated": 65535, "SamplesPerPixel": 65535},
    {"BitsAllocated": 0, "SamplesPerPixel": 0},
    {"BitsAllocated": 7, "BitsStored": 65535, "HighBit": 65535},
    {"BitsAllocated": 8, "BitsStored": 64, "PixelRepresentation": 65535},
    {"Rows": None, "Columns": None},
    {"Rows": b"", "Columns": b"\1"},
    {"Rows": b"\xff\xff\xff\xff\xff\xff\xff\xff"},
    {"SamplesPerPixel": 3, "PhotometricInterpretation": "PALETTE COLOR"},
]
FRAME_COUNTS = ["", "0", "-1", "1", "2", "2147483647", "999999999999", "1e9", "A"]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("transfer_syntax", [EXPLICIT_LE, RLE_LOSSLESS])
async def test_impossible_images_harm_nothing(
    client: httpx.AsyncClient, geometry: dict[str, object], transfer_syntax: str
) -> None:
    for count in FRAME_COUNTS:
        pixels = encapsulated([struct.pack("<16I", 15, *range(64, 79)) + b"\x81\0" * 40])
        frames = element(0x00280008, "IS", count)
        dataset = ct_dataset(PixelData=None, **geometry)
        at = (
            dataset.index(b"\x28\x00\x10\x00") if b"\x28\x00\x10\x00" in dataset else dataset.index(b"\x28\x00\x00\x01")
        )
        dataset = dataset[:at] + frames + dataset[at:]
        dataset += pixels if transfer_syntax == RLE_LOSSLESS else element(0x7FE00010, "OW", bytes(32))
        answer = await store(client, part10(dataset, transfer_syntax))
        assert answer.status_code in (200, 409), answer.text
        if answer.status_code == 200:
            await check_everything_answers(client)
            for number in ("1", "2", "2147483647", "999999999"):
                got = await client.get(f"{INSTANCE}/frames/{number}", headers=OCTETS)
                assert got.status_code in (200, 400, 404, 406, 413, 422), got.text


@pytest.mark.parametrize(
    "fragment",
    [b"", b"\0", bytes(64), b"\xff" * 64, struct.pack("<16I", 0xFFFFFFFF, *[0xFFFFFFFF] * 15), b"\x10" + b"\0" * 63],
)
async def test_broken_rle_frame_is_a_named_error(client: httpx.AsyncClient, fragment: bytes) -> None:
    dataset = ct_dataset(PixelData=None) + encapsulated([fragment])
    assert (await store(client, part10(dataset, RLE_LOSSLESS))).status_code == 200
    answer = await client.get(f"{INSTANCE}/frames/1", headers=OCTETS)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("table", [b"\1", b"\xff" * 4, b"\xff" * 8, struct.pack("<II", 0, 3), bytes(4000)])
async def test_offset_table_that_lies_harms_nothing(client: httpx.AsyncClient, table: bytes) -> None:
    dataset = ct_dataset(PixelData=None) + encapsulated([b"\xff\xd8\xff\xe0" + bytes(60)], offset_table=table)
    assert (await store(client, part10(dataset, "1.2.840.10008.1.2.4.50"))).status_code == 200
    await check_everything_answers(client)


@pytest.mark.parametrize("offsets", [[2**64 - 1], [0, 2**63], [5], list(range(1000))])
async def test_extended_offset_table_that_lies_harms_nothing(client: httpx.AsyncClient, offsets: list[int]) -> None:
    table = element(0x7FE00001, "OV", struct.pack(f"<{len(offsets)}Q", *offsets))
    lengths = element(0x7FE00002, "OV", struct.pack(f"<{len(offsets)}Q", *offsets))
    dataset = ct_dataset(PixelData=None) + table + lengths + encapsulated([b"\xff\xd8\xff\xe0" + bytes(60)])
    assert (await store(client, part10(dataset, "1.2.840.10008.1.2.4.50"))).status_code == 200
    await check_everything_answers(client)


# File Meta Information.


async def test_every_pair_of_letters_may_stand_for_a_vr_in_the_meta(client: httpx.AsyncClient) -> None:
    for letters in map("".join, product(ascii_uppercase, repeat=2)):
        for extra in (tagged(0x00020016, letters, 2), tagged(0x00020102, letters, 0x7FFF)):
            is_readable(part10(ct_dataset(), extra_meta=extra))


def tagged(tag: int, vr: str, length: int) -> bytes:
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), length, length) + b"AB"


@pytest.mark.parametrize("code", [b"\0\0", b"\xff\xff", b"  ", b"ZZ", b"UN", b"SQ", b"OB", b"..", b"\r\n"])
async def test_odd_vr_in_the_meta_is_no_server_error(client: httpx.AsyncClient, code: bytes) -> None:
    for tag in (0x00020001, 0x00020010, 0x00020016):
        content = bytearray(ct_instance())
        at = content.find(struct.pack("<HH", tag >> 16, tag & 0xFFFF))
        if at >= 0:
            content[at + 4 : at + 6] = code
        assert (await store(client, bytes(content))).status_code in (200, 202, 409)


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.999", "", "../../x", "1.2.840.10008.1.2.1.98", "\0", "A" * 300])
async def test_unknown_transfer_syntax_is_refused_or_told(client: httpx.AsyncClient, uid: str) -> None:
    answer = await store(client, part10(ct_dataset(), uid))
    assert answer.status_code == 200 or reason(answer) in (0xC122, MISMATCH, CANNOT_UNDERSTAND)


# Identity.

ILLEGAL_UIDS = [
    "../../../etc/passwd",
    "..",
    "/etc/passwd",
    "1.2.3/../4",
    "1.2.3\\4",
    "1.2.3\0.4",
    "1.2.a",
    "1..2",
    ".1.2",
    "1.2.",
    "1.2.3%2f4",
    "1.2.3\r\nX: y",
    "<script>",
    "1." + "2" * 63,
    "1" * 65,
    "\xb2.1",
    "-1.2",
    "*",
    "?",
    "1.2 3",
]


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "SOPClassUID"])
async def test_illegal_uid_is_refused(client: httpx.AsyncClient, keyword: str) -> None:
    for uid in ILLEGAL_UIDS:
        answer = await store(client, part10(ct_dataset(**{keyword: uid})))
        assert reason(answer) == MISMATCH, uid
        strict(answer.content)
        assert all(ord(character) >= 32 for character in answer.headers["warning"])


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "SOPClassUID"])
async def test_missing_uid_is_refused(client: httpx.AsyncClient, keyword: str) -> None:
    for value in (None, "", "\0", "  "):
        assert reason(await store(client, part10(ct_dataset(**{keyword: value})))) == MISMATCH


async def test_data_set_wins_over_the_meta_and_the_sender_is_told(client: httpx.AsyncClient) -> None:
    answer = await store(client, part10(ct_dataset(), sop_instance="1.2.3.99", sop_class="1.2.840.10008.5.1.4.1.1.4"))
    assert answer.status_code == 202
    assert "0002,000" in answer.headers["warning"]
    assert (await client.get(f"{INSTANCE}/metadata")).status_code == 200


async def test_instance_of_another_study_than_the_request_names_is_refused(client: httpx.AsyncClient) -> None:
    answer = await store(client, ct_instance(), "/studies/1.2.99")
    assert reason(answer) == MISMATCH
    assert answer.json()["00081198"]["Value"][0]["00081155"]["Value"] == ["1.2.3.4"]


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "PatientID"])
async def test_attribute_that_comes_twice_with_different_values_is_refused(
    client: httpx.AsyncClient, keyword: str
) -> None:
    tags = {"SOPInstanceUID": 0x00080018, "StudyInstanceUID": 0x0020000D, "PatientID": 0x00100020}
    content = ct_dataset() + element(tags[keyword], "UI", "9.9.9")
    assert reason(await store(client, part10(content))) == CANNOT_UNDERSTAND


# Text and numbers.

TEXTS = [
    bytes(range(1, 32)),
    b"\x7f\x80\x81\x9f",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc0\xaf",
    b"\xef\xbf\xbe\xef\xbf\xbf",
    b"\xef\xb7\x90",
    b"\xff\xfe",
    b"]]>",
    b"</Value><Value>",
    b"<!ENTITY x SYSTEM 'file:///etc/passwd'>&x;",
    b'"}],"00100020":{"vr":"LO"',
    b"\\ud800",
    b"\x1b$)C\xff\xff",
    b"\x1b$B\x1b$B\x1b",
    b"\x1b(Z\x1b\x1b\x1b",
    b"\\" * 60,
    b"=" * 60,
    b"^" * 60,
    b"\xe2\x80\xae\xe2\x80\xa8",
    b"\xff",
]
CHARSETS = [
    b"ISO_IR 192",
    b"ISO_IR 100",
    b"GB18030 ",
    b"GBK ",
    b"ISO 2022 IR 13\\ISO 2022 IR 87 ",
    b"\\ISO 2022 IR 149 ",
    b"nonsense",
]


@pytest.mark.parametrize("charset", CHARSETS, ids=lambda one: one.decode().strip())
async def test_any_text_makes_strict_json_and_well_formed_xml(client: httpx.AsyncClient, charset: bytes) -> None:
    for text in TEXTS:
        padded = text + b" " * (len(text) % 2)
        content = ct_instance(
            SpecificCharacterSet=charset,
            PatientName=padded,
            PatientID=padded,
            StudyDescription=padded,
            AccessionNumber=padded,
            Modality=padded,
            StudyDate=padded,
            StudyTime=padded,
            extra=element(0x00400280, "ST", padded) + element(0x00420011, "OB", padded),
        )
        answer = await store(client, content)
        assert answer.status_code == 200, (text, answer.text)
        assert all(ord(character) >= 32 for value in answer.headers.values() for character in value)
        await check_everything_answers(client)
        assert (await client.get(INSTANCE, headers=AS_STORED)).content == content


@pytest.mark.parametrize("charset", [b"\0\0", b"\\" * 200, b"ISO_IR 192\\ISO_IR 192 ", b"../../x ", b"\xff\xff", b""])
async def test_character_set_that_is_none_harms_nothing(client: httpx.AsyncClient, charset: bytes) -> None:
    assert (await store(client, ct_instance(SpecificCharacterSet=charset, PatientName=b"\xc3\xa9"))).status_code == 200
    await check_everything_answers(client)


NUMBERS = [
    ("FD", struct.pack("<4d", float("nan"), float("inf"), float("-inf"), -0.0)),
    ("FL", struct.pack("<4f", float("nan"), float("inf"), float("-inf"), 1e-45)),
    ("DS", b"NaN\\Infinity\\-inf\\1e999\\1e-999\\0x10\\1_000\\\\+"),
    ("IS", b"99999999999999999999\\-0\\1.5\\NaN\\1_0\\ 7 \\0x1"),
    ("DS", b"\xd9\xa1\xd9\xa2"),
    ("IS", b"9" * 5000),
    ("SV", struct.pack("<q", -(2**63))),
    ("UV", struct.pack("<Q", 2**64 - 1)),
    ("AT", b"\1\2\3\4\5\6"),
    ("US", b"\1\2\3"),
    ("FD", b"\1\2\3"),
    ("UN", b"\xff\xfe\x00"),
]


@pytest.mark.parametrize(("vr", "value"), NUMBERS)
async def test_any_number_makes_strict_json(client: httpx.AsyncClient, vr: str, value: bytes) -> None:
    private = element(0x00410010, "LO", "ACME") + element(0x00411001, vr, value)
    assert (await store(client, ct_instance(extra=private))).status_code == 200
    await check_everything_answers(client)


COLUMN_VALUES = [b"9" * 400, b"-9223372036854775809", b"1e400 ", b"NaN ", b"\xff\xff", b"7\\8 ", b"1.5 "]


@pytest.mark.parametrize(
    "keyword", ["InstanceNumber", "SeriesNumber", "StudyDate", "StudyTime", "ReferringPhysicianName"]
)
async def test_column_of_the_index_takes_any_value(client: httpx.AsyncClient, keyword: str) -> None:
    for value in COLUMN_VALUES:
        answer = await store(client, ct_instance(**{keyword: value}))
        assert answer.status_code == 200, answer.text
        await check_everything_answers(client)
        found = await client.get("/instances", params={keyword: "1"})
        assert found.status_code in (200, 204, 400)


# Preambles.

EXECUTABLES = [
    b"MZ\x90\0",
    b"\x7fELF",
    b"#!/bin/sh\n",
    b"PK\3\4",
    b"\xcf\xfa\xed\xfe",
    b"\xfe\xed\xfa\xce",
    b"\xca\xfe\xba\xbe",
]


@pytest.mark.parametrize("signature", EXECUTABLES)
async def test_executable_preamble_is_zeroed_and_told(client: httpx.AsyncClient, signature: bytes) -> None:
    answer = await store(client, part10(ct_dataset(), preamble=signature.ljust(128, b"\x90")))
    assert answer.status_code == 202
    assert "preamble" in answer.headers["warning"]
    assert (await client.get(INSTANCE, headers=AS_STORED)).content == ct_instance()


@pytest.mark.parametrize("signature", [b"II*\0\x08\0\0\0", b"MM\0*", b"II+\0\x08\0\0\0", b"\x00\x01", b"M", b"text"])
async def test_other_preamble_is_kept(client: httpx.AsyncClient, signature: bytes) -> None:
    content = part10(ct_dataset(), preamble=signature.ljust(128, b"\1"))
    assert (await store(client, content)).status_code == 200
    assert (await client.get(INSTANCE, headers=AS_STORED)).content == content


# What is no DICOM at all.


@pytest.mark.parametrize(
    "content",
    [
        b"A",
        b"DICM",
        bytes(128) + b"DICM",
        bytes(1000),
        b"\xff" * 1000,
        b"{}",
        b"<x/>",
        b"%PDF-1.4",
        b"PK\3\4" + bytes(99),
    ],
)
async def test_what_is_no_dicom_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    assert reason(await store(client, content)) in (CANNOT_UNDERSTAND, MISMATCH)


def test_damage_at_any_byte_raises_nothing_but_our_errors() -> None:
    content = ct_instance(extra=nested(3, undefined=True) + sequence(0x00400555, element(0x00080100, "SH", "A")))
    for offset in range(len(content)):
        for value in (0x00, 0x01, 0x7F, 0xFF):
            damaged = bytearray(content)
            damaged[offset] = value
            is_readable(bytes(damaged))


def test_malformed_data_set_tells_where(client: httpx.AsyncClient) -> None:
    with pytest.raises(MalformedDataset) as caught:
        read_file(ct_instance()[:-1])
    assert (caught.value.tag, caught.value.offset) == (0x7FE00010, len(ct_instance()) - 44)

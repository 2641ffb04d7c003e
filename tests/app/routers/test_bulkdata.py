from typing import Any

import httpx
import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    part10,
    sequence,
)
from dicomweb_bodies import contents, parts_of

BASE = "http://pacs.test/dicom-web"
DICOM = {"Content-Type": "application/dicom"}
STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
INSTANCE = f"{SERIES}/instances/1.2.3.4"
LEVELS = [STUDY, SERIES, INSTANCE]
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
SINGLE = {"Accept": "application/octet-stream"}
OCTETS = f"application/octet-stream; transfer-syntax={EXPLICIT_LE}"
MPEG4 = "1.2.840.10008.1.2.4.102"
JPEGS = [b"\xff\xd8" + bytes([n]) * 60 + b"\xff\xd9" for n in range(3)]
WORDS = bytes(range(32))
SWAPPED = b"".join(WORDS[n : n + 2][::-1] for n in range(0, 32, 2))


def rle_frame(first: int) -> bytes:
    """Eight bits, 4 x 4: one segment, one literal run."""
    segment = b"\x0f" + bytes(range(first, first + 16))
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + segment


def multiframe(count: int, **overrides: Any) -> bytes:
    """A native instance of ``count`` frames of 4 x 4 bytes, each with its number from 1."""
    pixels = b"".join(bytes([number]) * 16 for number in range(1, count + 1))
    given = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": pixels, **overrides}
    return ct_instance(extra=element(0x00280008, "IS", str(count)), **given)


def compressed(transfer_syntax: str, frames: list[bytes]) -> bytes:
    number = element(0x00280008, "IS", str(len(frames)))
    dataset = ct_dataset(PixelData=None, BitsAllocated=8, BitsStored=8, HighBit=7) + encapsulated(frames)
    # Number of Frames comes before Rows.
    place = dataset.index(element(0x00280010, "US", 4))
    return part10(dataset[:place] + number + dataset[place:], transfer_syntax)


JPEG = compressed(JPEG_BASELINE, JPEGS)
STREAM = b"\0\0\1\xb3" + bytes(60)
VIDEO = compressed(MPEG4, [STREAM])  # nothing decodes it here
RLE = compressed(RLE_LOSSLESS, [rle_frame(0), rle_frame(16)])


async def store(client: httpx.AsyncClient, *instances: bytes) -> None:
    for content in instances:
        answer = await client.post("/studies", content=content, headers=DICOM)
        assert answer.status_code == 200, answer.text


async def pieces(client: httpx.AsyncClient, path: str, accept: str = "*/*") -> list[bytes]:
    answer = await client.get(path, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    return contents(parts_of(answer))


# Frames


@pytest.mark.parametrize(
    ("frames", "expected"),
    [("1", [1]), ("2,5", [2, 5]), ("1,2,3", [1, 2, 3]), ("3,1", [3, 1]), ("2,2", [2, 2]), ("02", [2])],
)
async def test_frames_come_as_parts_in_the_order_asked_for(
    client: httpx.AsyncClient, frames: str, expected: list[int]
) -> None:
    await store(client, multiframe(5))
    parts = parts_of(await client.get(f"{INSTANCE}/frames/{frames}"))
    assert contents(parts) == [bytes([number]) * 16 for number in expected]
    assert [part.headers["Content-Type"] for part in parts] == [OCTETS] * len(expected)
    locations = [f"{BASE}{INSTANCE}/frames/{number}" for number in expected]
    assert [part.headers["Content-Location"] for part in parts] == locations


@pytest.mark.parametrize("frames", ["0", "-1", "1-3", "a", "1,,2", "1,", "1;2", "1.5", "+1", "٣", "9999999999"])
async def test_what_is_no_list_of_frames_is_a_bad_request(client: httpx.AsyncClient, frames: str) -> None:
    await store(client, multiframe(5))
    answer = await client.get(f"{INSTANCE}/frames/{frames}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "frames")


async def test_more_frames_than_are_allowed_in_a_request_are_too_many(client: httpx.AsyncClient) -> None:
    await store(client, multiframe(5))
    assert (await client.get(f"{INSTANCE}/frames/{','.join(['1'] * 10_001)}")).status_code == 413


@pytest.mark.parametrize("frames", ["6", "1,6", "999999999"])
async def test_a_frame_that_is_not_there_is_not_found(client: httpx.AsyncClient, frames: str) -> None:
    await store(client, multiframe(5))
    assert (await client.get(f"{INSTANCE}/frames/{frames}")).status_code == 404


async def test_an_instance_without_pixels_has_no_frames(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(PixelData=None))
    for path in ("/frames/1", "/pixeldata", "/bulkdata", "/bulkdata/7FE00010"):
        assert (await client.get(INSTANCE + path)).status_code == 404


async def test_a_frame_that_ends_early_is_told_as_corrupt(client: httpx.AsyncClient) -> None:
    await store(client, multiframe(5, PixelData=bytes(40)))
    assert (await client.get(f"{INSTANCE}/frames/2")).status_code == 200
    answer = await client.get(f"{INSTANCE}/frames/3")
    assert (answer.status_code, answer.json()["frame_number"]) == (422, 3)


async def test_one_frame_is_to_be_had_bare_and_several_are_not(client: httpx.AsyncClient) -> None:
    await store(client, multiframe(5))
    answer = await client.get(f"{INSTANCE}/frames/2", headers=SINGLE)
    assert (answer.status_code, answer.content) == (200, b"\2" * 16)
    assert answer.headers["content-type"] == OCTETS
    assert answer.headers["content-location"] == f"{BASE}{INSTANCE}/frames/2"
    assert (await client.get(f"{INSTANCE}/frames/1,2", headers=SINGLE)).status_code == 406


@pytest.mark.parametrize("accept", ["application/dicom", "application/dicom+json", "image/png", "image/gif"])
@pytest.mark.parametrize("suffix", ["/frames/1", "/pixeldata", "/bulkdata", "/bulkdata/7FE00010"])
async def test_bulk_data_are_not_to_be_had_as_something_else(
    client: httpx.AsyncClient, suffix: str, accept: str
) -> None:
    await store(client, multiframe(1))
    answer = await client.get(INSTANCE + suffix, headers={"Accept": accept})
    assert answer.status_code == 406
    assert any("application/octet-stream" in one for one in answer.json()["available"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ct_instance(), WORDS),
        (ct_instance(IMPLICIT_LE), WORDS),
        (ct_instance(DEFLATED_LE), WORDS),
        (ct_instance(EXPLICIT_BE, PixelData=SWAPPED), WORDS),
    ],
)
@pytest.mark.parametrize("suffix", ["/frames/1", "/pixeldata", "/bulkdata", "/bulkdata/7FE00010"])
async def test_native_pixel_data_are_little_endian_however_they_are_stored(
    client: httpx.AsyncClient, suffix: str, content: bytes, expected: bytes
) -> None:
    await store(client, content)
    assert await pieces(client, INSTANCE + suffix) == [expected]
    accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    assert await pieces(client, INSTANCE + suffix, accept) == [expected]


@pytest.mark.parametrize(
    "accept",
    [
        "image/jpeg",
        f"image/jpeg; transfer-syntax={JPEG_BASELINE}",
        "image/jpeg; transfer-syntax=*",
        "image/*",
        'multipart/related; type="image/*"',
        'multipart/related; type="image/jpeg"',
        'multipart/related; type="application/octet-stream"; transfer-syntax=*',
    ],
)
async def test_compressed_frames_leave_as_their_bare_codestreams(client: httpx.AsyncClient, accept: str) -> None:
    await store(client, JPEG)
    answer = await client.get(f"{INSTANCE}/frames/2", headers={"Accept": accept})
    assert answer.status_code == 200
    if "multipart" in answer.headers["content-type"]:
        (part,) = parts_of(answer)
        kind, content = part.headers["Content-Type"], part.content
    else:
        kind, content = answer.headers["content-type"], answer.content
    assert (kind, content) == (f"image/jpeg; transfer-syntax={JPEG_BASELINE}", JPEGS[1])


@pytest.mark.parametrize("suffix", ["/pixeldata", "/bulkdata", "/bulkdata/7FE00010", "/frames/1,2,3"])
async def test_all_frames_of_compressed_pixel_data_are_a_part_each(client: httpx.AsyncClient, suffix: str) -> None:
    await store(client, JPEG)
    assert await pieces(client, INSTANCE + suffix, 'multipart/related; type="image/jpeg"') == JPEGS


@pytest.mark.parametrize("suffix", ["/frames/1", "/pixeldata", "/bulkdata/7FE00010"])
async def test_what_cannot_be_decoded_is_not_to_be_had_as_octets(client: httpx.AsyncClient, suffix: str) -> None:
    await store(client, VIDEO)
    answer = await client.get(INSTANCE + suffix, headers=SINGLE)
    assert answer.status_code == 406
    assert f"video/mp4; transfer-syntax={MPEG4}" in answer.json()["available"]
    assert await pieces(client, INSTANCE + suffix) == [STREAM]


async def test_several_compressed_frames_do_not_fit_into_one_part(client: httpx.AsyncClient) -> None:
    await store(client, JPEG)
    assert (await client.get(f"{INSTANCE}/pixeldata", headers={"Accept": "image/jpeg"})).status_code == 406


@pytest.mark.parametrize("name", ["image/dicom-rle", "image/x-dicom-rle"])
async def test_rle_frames_leave_as_they_are_by_name(client: httpx.AsyncClient, name: str) -> None:
    await store(client, RLE)
    answer = await client.get(f"{INSTANCE}/frames/2", headers={"Accept": name})
    assert answer.content.startswith(rle_frame(16))
    assert answer.headers["content-type"] == f"image/dicom-rle; transfer-syntax={RLE_LOSSLESS}"


@pytest.mark.parametrize("suffix", ["/frames/1,2", "/pixeldata", "/bulkdata", "/bulkdata/7FE00010"])
async def test_rle_frames_are_decoded_by_default(client: httpx.AsyncClient, suffix: str) -> None:
    await store(client, RLE)
    assert b"".join(await pieces(client, INSTANCE + suffix)) == bytes(range(32))


async def test_a_range_of_decoded_pixel_data_is_cut_across_frames(client: httpx.AsyncClient) -> None:
    await store(client, RLE)
    answer = await client.get(f"{INSTANCE}/pixeldata", headers={**SINGLE, "Range": "bytes=10-20"})
    assert (answer.status_code, answer.content) == (206, bytes(range(10, 21)))


async def test_packed_bits_come_frame_by_frame(client: httpx.AsyncClient) -> None:
    """Two frames of 3 x 3 bits: the second begins within the second byte (PS3.5 §8.1.1)."""
    packed = (0b010101010_111111111).to_bytes(4, "little")
    sizes = {"Rows": 3, "Columns": 3, "BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}
    await store(client, multiframe(2, PixelData=packed, **sizes))
    assert await pieces(client, f"{INSTANCE}/frames/1,2") == [b"\xff\x01", b"\xaa\x00"]


# Bulk data


def bulky() -> bytes:
    """An instance with bulk data of several kinds, one of them in a sequence."""
    extra = (
        element(0x00189445, "OB", b"s" * 500)  # stays inline
        + sequence(0x00540016, element(0x00189345, "OB", b"n" * 2000))
        + element(0x00660016, "OF", b"abcd" * 600)
    )
    return ct_instance(extra=extra)


async def test_every_uri_in_the_metadata_leads_to_its_value(client: httpx.AsyncClient) -> None:
    await store(client, bulky())
    (attributes,) = (await client.get(f"{INSTANCE}/metadata")).json()
    uris = {
        attributes["00540016"]["Value"][0]["00189345"]["BulkDataURI"]: b"n" * 2000,
        attributes["00660016"]["BulkDataURI"]: b"abcd" * 600,
        attributes["7FE00010"]["BulkDataURI"]: WORDS,
    }
    for uri, value in uris.items():
        assert (await client.get(uri, headers=SINGLE)).content == value
        assert await pieces(client, uri) == [value]


@pytest.mark.parametrize("path", LEVELS)
async def test_the_bulk_data_of_a_resource_are_what_its_metadata_refer_to(client: httpx.AsyncClient, path: str) -> None:
    await store(client, bulky())
    parts = parts_of(await client.get(f"{path}/bulkdata"))
    prefix = f"{BASE}{INSTANCE}/bulkdata/"
    assert {part.headers["Content-Location"].removeprefix(prefix): part.content for part in parts} == {
        "00540016/0/00189345": b"n" * 2000,
        "00660016": b"abcd" * 600,
        "7FE00010": WORDS,
    }


@pytest.mark.parametrize(
    "path",
    [
        "00660017",
        "00540016",
        "00540016/1/00189345",
        "00540016/0/00189346",
        "x",
        "0066",
        "..%2F..%2Fx",
        "00660016/0",
        "1/2/3/4",
    ],
)
async def test_a_path_without_a_value_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    await store(client, bulky())
    assert (await client.get(f"{INSTANCE}/bulkdata/{path}")).status_code == 404


async def test_paths_are_read_in_either_case(client: httpx.AsyncClient) -> None:
    await store(client, JPEG)
    accept = 'multipart/related; type="image/jpeg"'
    assert await pieces(client, f"{INSTANCE}/bulkdata/7fe00010", accept) == JPEGS


async def test_bulk_data_of_a_big_endian_instance_are_swapped(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(EXPLICIT_BE, extra=element(0x00660016, "OF", b"dcba" * 600, big_endian=True)))
    answer = await client.get(f"{INSTANCE}/bulkdata/00660016", headers=SINGLE)
    assert answer.content == b"abcd" * 600


async def test_bulk_data_of_a_deflated_instance_are_inflated(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(DEFLATED_LE, extra=element(0x00660016, "OF", b"abcd" * 600)))
    answer = await client.get(f"{INSTANCE}/bulkdata/00660016", headers={**SINGLE, "Range": "bytes=2-5"})
    assert (answer.status_code, answer.content) == (206, b"cdab")


def document(media_type: str) -> bytes:
    extra = element(0x00420011, "OB", b"%PDF-1.7 " * 200) + element(0x00420012, "LO", media_type)
    dataset = ct_dataset(PixelData=None, SOPClassUID=ENCAPSULATED_PDF) + extra
    return part10(dataset, sop_class=ENCAPSULATED_PDF)


async def test_an_encapsulated_document_has_its_own_media_type(client: httpx.AsyncClient) -> None:
    await store(client, document("application/pdf"))
    for accept in ("application/pdf", "application/*"):
        answer = await client.get(f"{INSTANCE}/bulkdata/00420011", headers={"Accept": accept})
        assert (answer.headers["content-type"], answer.content) == ("application/pdf", b"%PDF-1.7 " * 200)
    (part,) = parts_of(await client.get(f"{INSTANCE}/bulkdata"))
    assert (part.headers["Content-Type"], part.content) == ("application/pdf", b"%PDF-1.7 " * 200)


async def test_an_encapsulated_document_is_to_be_had_as_octets(client: httpx.AsyncClient) -> None:
    await store(client, document("application/pdf"))
    answer = await client.get(f"{INSTANCE}/bulkdata/00420011", headers=SINGLE)
    assert (answer.headers["content-type"], answer.content) == (OCTETS, b"%PDF-1.7 " * 200)


async def test_a_media_type_that_is_none_is_not_believed(client: httpx.AsyncClient) -> None:
    await store(client, document("text/html, <script>"))
    answer = await client.get(f"{INSTANCE}/bulkdata/00420011", headers={"Accept": "application/*"})
    assert answer.headers["content-type"] == OCTETS


# Pixel data


async def test_pixel_data_are_those_of_the_instance_and_not_of_an_icon(client: httpx.AsyncClient) -> None:
    icon = sequence(0x00880200, element(0x7FE00010, "OW", bytes(2000)))
    await store(client, ct_instance(extra=icon))
    for path in LEVELS:
        (part,) = parts_of(await client.get(f"{path}/pixeldata"))
        assert part.content == WORDS
        assert part.headers["Content-Location"] == f"{BASE}{INSTANCE}/bulkdata/7FE00010"


@pytest.mark.parametrize(("tag", "vr", "bits"), [(0x7FE00008, "OF", 32), (0x7FE00009, "OD", 64)])
async def test_floating_point_pixel_data_are_pixel_data(
    client: httpx.AsyncClient, tag: int, vr: str, bits: int
) -> None:
    pixels = bytes(range(16 * bits // 8))
    dataset = ct_dataset(PixelData=None, BitsAllocated=bits) + element(tag, vr, pixels)
    await store(client, part10(dataset))
    for suffix in ("/frames/1", "/pixeldata", f"/bulkdata/{tag:08X}"):
        assert await pieces(client, INSTANCE + suffix) == [pixels]
    (part,) = parts_of(await client.get(f"{INSTANCE}/pixeldata"))
    assert part.headers["Content-Location"] == f"{BASE}{INSTANCE}/bulkdata/{tag:08X}"


async def test_pixel_data_of_a_study_are_all_of_its_instances(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(), ct_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8", PixelData=bytes(32)))
    assert await pieces(client, f"{STUDY}/pixeldata") == [WORDS, bytes(32)]


async def test_of_a_mixed_study_what_fits_the_request_is_given(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(SOPInstanceUID="1.2.3.5"), VIDEO)
    for media_type, expected in (("video/mp4", [STREAM]), ("application/octet-stream", [WORDS])):
        for suffix in ("/pixeldata", "/bulkdata"):
            accept = {"Accept": f"multipart/related; type={media_type}"}
            answer = await client.get(STUDY + suffix, headers=accept)
            assert (answer.status_code, contents(parts_of(answer))) == (206, expected)
            sentence = "1 values are left out, because they cannot be had in the form that was asked for"
            assert answer.headers["warning"] == f"299 {BASE}: {sentence}"
    assert (await client.get(f"{STUDY}/pixeldata", headers={"Accept": "image/gif"})).status_code == 406


# Ranges and conditions


@pytest.mark.parametrize("suffix", ["/frames/1", "/pixeldata", "/bulkdata/7FE00010"])
@pytest.mark.parametrize("accept", ["application/octet-stream", "multipart/related; type=application/octet-stream"])
async def test_a_range_is_a_piece_of_the_whole(client: httpx.AsyncClient, suffix: str, accept: str) -> None:
    await store(client, ct_instance())
    whole = await client.get(INSTANCE + suffix, headers={"Accept": accept})
    size = len(whole.content)
    for asked, start, end in (("bytes=4-11", 4, 12), ("bytes=10-", 10, size), ("bytes=-5", size - 5, size)):
        answer = await client.get(INSTANCE + suffix, headers={"Accept": accept, "Range": asked})
        assert (answer.status_code, answer.content) == (206, whole.content[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"


async def test_ranges_that_cannot_be_are_told_or_ignored(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    answer = await client.get(f"{INSTANCE}/frames/1", headers={**SINGLE, "Range": "bytes=32-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */32")
    answer = await client.get(f"{INSTANCE}/frames/1", headers={**SINGLE, "Range": "frames=1-"})
    assert answer.status_code == 200


async def test_several_ranges_are_parts(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    answer = await client.get(f"{INSTANCE}/bulkdata/7FE00010", headers={**SINGLE, "Range": "bytes=0-1,30-31"})
    assert contents(parts_of(answer)) == [WORDS[:2], WORDS[30:]]


async def test_if_range_holds_for_the_same_representation_only(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    path = f"{INSTANCE}/bulkdata/7FE00010"
    etag = (await client.get(path, headers=SINGLE)).headers["etag"]
    for validator, status in ((etag, 206), ('"other"', 200)):
        headers = {**SINGLE, "Range": "bytes=0-1", "If-Range": validator}
        assert (await client.get(path, headers=headers)).status_code == status


async def test_large_frames_are_read_while_they_are_sent(client: httpx.AsyncClient) -> None:
    pixels = bytes(range(250)) * 72_000
    await store(client, ct_instance(Rows=3000, Columns=3000, PixelData=pixels))
    for suffix in ("/frames/1", "/pixeldata", "/bulkdata/7FE00010"):
        assert (await client.get(INSTANCE + suffix, headers=SINGLE)).content == pixels
        answer = await client.get(INSTANCE + suffix, headers={**SINGLE, "Range": "bytes=17000000-17000009"})
        assert answer.content == pixels[17_000_000:17_000_010]
    assert await pieces(client, f"{STUDY}/bulkdata") == [pixels]

"""Whatever is stored leaves in whatever is asked for: instances and frames of a running server, read by others.

What comes is decoded by pydicom with its plugins or, where it has none, by zlib and imagecodecs right here.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import imagecodecs
import numpy as np
import pytest
from builders import ct_dataset, element, encapsulated, header, part10
from dicomweb_client.api import DICOMwebClient
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from pydicom.pixels import convert_color_space
from running_server import RunningServer, start_server

ROOT = "1.2.840.10008.1.2"
NATIVE, DEFLATED, UNCOMPRESSED, DEFLATED_FRAME = f"{ROOT}.1", f"{ROOT}.1.99", f"{ROOT}.1.98", f"{ROOT}.8.1"
RLE, JPEG_BASELINE, JPEG_EXTENDED = f"{ROOT}.5", f"{ROOT}.4.50", f"{ROOT}.4.51"
JPEG_XL = (f"{ROOT}.4.110", f"{ROOT}.4.112")
MEDIA_TYPES = {
    UNCOMPRESSED: "application/octet-stream",
    DEFLATED_FRAME: "application/x-deflate",
    RLE: "image/dicom-rle",
    **dict.fromkeys((JPEG_BASELINE, JPEG_EXTENDED, f"{ROOT}.4.57", f"{ROOT}.4.70"), "image/jpeg"),
    **dict.fromkeys((f"{ROOT}.4.80", f"{ROOT}.4.81"), "image/jls"),
    **dict.fromkeys((f"{ROOT}.4.90", f"{ROOT}.4.91"), "image/jp2"),
    **dict.fromkeys((f"{ROOT}.4.201", f"{ROOT}.4.202", f"{ROOT}.4.203"), "image/jphc"),
    **dict.fromkeys(JPEG_XL, "image/jxl"),
}
CELLS = {UNCOMPRESSED, DEFLATED_FRAME, RLE}
LOSSLESS = CELLS | {f"{ROOT}.4.{last}" for last in (57, 70, 80, 90, 110, 201, 202)}
LOSSY = {JPEG_BASELINE, f"{ROOT}.4.81", f"{ROOT}.4.91", f"{ROOT}.4.112", f"{ROOT}.4.203"}
GRAY = LOSSLESS | {f"{ROOT}.4.{last}" for last in (81, 91, 203)}


@dataclass(frozen=True)
class Stored:
    """A file of pydicom, and what its image can be put into."""

    name: str
    targets: set[str]


FLOAT = "floating point"

FILES = [
    Stored("CT_small.dcm", GRAY),  # signed, 16 bits
    Stored("MR_small_implicit.dcm", GRAY),
    Stored("MR_small_bigendian.dcm", GRAY),
    Stored("MR_small_RLE.dcm", GRAY),
    Stored("MR_small_jp2klossless.dcm", GRAY),
    Stored("MR_small_jpeg_ls_lossless.dcm", GRAY),
    Stored("image_dfl.dcm", LOSSLESS | LOSSY),
    Stored("SC_rgb_jpeg_gdcm.dcm", LOSSLESS | LOSSY),
    Stored("SC_rgb_small_odd.dcm", LOSSLESS | LOSSY),
    Stored("SC_ybr_full_422_uncompressed.dcm", LOSSLESS | LOSSY - {f"{ROOT}.4.112"}),
    Stored("examples_ybr_color.dcm", LOSSLESS | LOSSY),  # 30 frames, JPEG
    Stored("examples_palette.dcm", LOSSLESS),
    Stored("liver_1frame.dcm", CELLS - {RLE}),  # single bits
    Stored("rtdose_rle.dcm", CELLS),  # 32 bits, 15 frames
    Stored("SC_rgb_rle_16bit_2frame.dcm", LOSSLESS | LOSSY - {JPEG_BASELINE}),
    Stored(FLOAT, set()),
]


def original(name: str) -> Dataset:
    """A file with UIDs of its own, since some of them hold the same instance."""
    dataset = dcmread(floating_point() if name == FLOAT else str(get_testdata_file(name)))
    number = [stored.name for stored in FILES].index(name)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.7", f"1.2.7.{number}"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.7.{number}.1"
    return dataset


def floating_point() -> io.BytesIO:
    pixels = np.arange(16, dtype="<f4").tobytes()
    return io.BytesIO(part10(ct_dataset(PixelData=None, BitsAllocated=32) + element(0x7FE00008, "OF", pixels)))


def path_of(dataset: Dataset) -> str:
    return f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(tmp_path_factory.mktemp("syntaxes") / "data")
    try:
        with httpx.Client(base_url=running.base) as client:
            for stored in FILES:
                file = io.BytesIO()
                original(stored.name).save_as(file)
                headers = {"Content-Type": "application/dicom"}
                assert client.post("/studies", content=file.getvalue(), headers=headers).is_success, stored.name
        yield running
    finally:
        running.stop()


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base, timeout=60) as opened:
        yield opened


def pixels_of(dataset: Dataset) -> NDArray[Any]:
    """The pixels, colour as RGB."""
    uid = dataset.file_meta.TransferSyntaxUID
    if uid not in (UNCOMPRESSED, DEFLATED_FRAME, *JPEG_XL):
        return dataset.pixel_array
    count = int(dataset.get("NumberOfFrames", 1))
    frames = [decoded(frame, dataset) for frame in generate_frames(dataset.PixelData, number_of_frames=count)]
    pixels = frames[0] if count == 1 else np.stack(frames)
    is_ybr = dataset.PhotometricInterpretation == "YBR_FULL"  # which pydicom makes RGB
    return convert_color_space(pixels, "YBR_FULL", "RGB") if is_ybr else pixels


def decoded(frame: bytes, dataset: Dataset) -> NDArray[Any]:
    uid = dataset.file_meta.TransferSyntaxUID
    samples = dataset.SamplesPerPixel
    shape = (dataset.Rows, dataset.Columns) if samples == 1 else (dataset.Rows, dataset.Columns, samples)
    dtype = np.dtype(f"<{'i' if dataset.PixelRepresentation else 'u'}{max(1, dataset.BitsAllocated // 8)}")
    if uid in JPEG_XL:
        return np.asarray(imagecodecs.jpegxl_decode(frame)).view(dtype).reshape(shape)
    native = zlib.decompressobj(-15).decompress(frame) if uid == DEFLATED_FRAME else frame
    if dataset.BitsAllocated == 1:
        return np.unpackbits(np.frombuffer(native, np.uint8), bitorder="little", count=np.prod(shape)).reshape(shape)
    return np.frombuffer(native, dtype, np.prod(shape)).reshape(shape)


def alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two images differ by no more than lossy compression makes them, which is more in very small ones."""
    span = max(1, int(other.max()) - int(other.min()))
    return float(np.abs(one.astype(np.int64) - other.astype(np.int64)).mean()) <= (0.02 + 1 / one.size) * span


@pytest.mark.parametrize("stored", FILES, ids=lambda stored: stored.name)
def test_instances_leave_in_every_transfer_syntax_that_can_hold_them(client: httpx.Client, stored: Stored) -> None:
    source = original(stored.name)
    available = stored.targets - {source.file_meta.TransferSyntaxUID}
    wanted = source.pixel_array
    for uid in sorted({*MEDIA_TYPES, NATIVE, DEFLATED}):
        answer = client.get(path_of(source), headers={"Accept": f"application/dicom; transfer-syntax={uid}"})
        if uid not in available | {NATIVE, DEFLATED, source.file_meta.TransferSyntaxUID}:
            assert answer.status_code == 406, (uid, answer.status_code)
            listed = {
                one.rpartition("=")[2] for one in answer.json()["available"] if one.startswith("application/dicom;")
            }
            assert available | {NATIVE, DEFLATED} <= listed
            continue
        assert answer.status_code == 200, (uid, answer.text)
        assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={uid}"
        made = dcmread(io.BytesIO(answer.content))
        assert made.file_meta.TransferSyntaxUID == uid
        assert (made.SOPInstanceUID, made.get("NumberOfFrames")) == (
            source.SOPInstanceUID,
            source.get("NumberOfFrames"),
        )
        if uid in LOSSY:
            assert made.LossyImageCompression == "01"
            assert alike(pixels_of(made), wanted), uid
        else:
            assert np.array_equal(pixels_of(made), wanted), uid


@pytest.mark.parametrize("stored", FILES, ids=lambda stored: stored.name)
def test_frames_leave_in_every_media_type_that_can_hold_them(client: httpx.Client, stored: Stored) -> None:
    source = original(stored.name)
    own = source.file_meta.TransferSyntaxUID
    number = min(2, int(source.get("NumberOfFrames", 1)))
    for uid, media_type in MEDIA_TYPES.items():
        path = f"{path_of(source)}/frames/{number}"
        answer = client.get(path, headers={"Accept": f"{media_type}; transfer-syntax={uid}"})
        if uid not in stored.targets | {own}:
            assert answer.status_code == 406, (uid, answer.status_code)
            continue
        assert answer.status_code == 200, (uid, answer.text)
        assert answer.headers["content-type"] == f"{media_type}; transfer-syntax={uid}"
        whole = client.get(path_of(source), headers={"Accept": f"application/dicom; transfer-syntax={uid}"})
        made = dcmread(io.BytesIO(whole.content))
        frames = list(generate_frames(made.PixelData, number_of_frames=int(source.get("NumberOfFrames", 1))))
        assert answer.content.ljust(len(frames[number - 1]), b"\0") == frames[number - 1]


@pytest.mark.parametrize("stored", FILES, ids=lambda stored: stored.name)
def test_frames_are_native_by_default(client: httpx.Client, stored: Stored) -> None:
    source = original(stored.name)
    answer = client.get(f"{path_of(source)}/frames/1", headers={"Accept": "application/octet-stream"})
    assert answer.headers["content-type"] == f"application/octet-stream; transfer-syntax={NATIVE}"
    made = dcmread(io.BytesIO(client.get(path_of(source), headers={"Accept": "application/dicom"}).content))
    native = made.get("PixelData") or made.FloatPixelData
    length = len(answer.content)
    assert length and answer.content[: length - 1] == native[: length - 1]  # the last byte may hold two frames
    pixels = client.get(f"{path_of(source)}/pixeldata", headers={"Accept": "application/octet-stream"})
    if made.get("BitsAllocated") != 1:
        assert pixels.content == native[: len(pixels.content)]


def test_a_media_type_alone_means_its_default(client: httpx.Client) -> None:
    path = f"{path_of(original('CT_small.dcm'))}/frames/1"
    for media_type, last in (
        ("image/jpeg", "4.70"),
        ("image/jls", "4.80"),
        ("image/jp2", "4.90"),
        ("image/jphc", "4.201"),
        ("image/jxl", "4.110"),
        ("image/dicom-rle", "5"),
        ("application/x-deflate", "8.1"),
    ):
        answer = client.get(path, headers={"Accept": media_type})
        assert answer.headers["content-type"] == f"{media_type}; transfer-syntax={ROOT}.{last}"


def test_bulk_data_are_made_without_boxes_and_without_delimiters(client: httpx.Client) -> None:
    path = f"{path_of(original('CT_small.dcm'))}/frames/1"
    for media_type, start in (("image/jpeg", "ffd8ff"), ("image/jls", "ffd8ff"), ("image/jp2", "ff4fff51")):
        assert client.get(path, headers={"Accept": media_type}).content.startswith(bytes.fromhex(start))
    assert client.get(path, headers={"Accept": "image/jphc"}).content.startswith(bytes.fromhex("ff4fff51"))


def test_many_frames_are_compressed_while_they_are_sent(client: httpx.Client) -> None:
    source = original("examples_ybr_color.dcm")
    for suffix in ("/pixeldata", "/frames/" + ",".join(map(str, range(1, 31))), "/bulkdata", ""):
        answer = client.get(path_of(source) + suffix, headers={"Accept": 'multipart/related; type="image/jls"'})
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        assert answer.content.count(b"Content-Type: image/jls") == 30


HOSTILE = {
    f"{ROOT}.4.50": bytes.fromhex("ffd8ffc0000b08ffffffff01011100ffda0008010100003f00") + bytes(500),
    f"{ROOT}.4.80": bytes.fromhex("ffd8fff7000b08ffffffff01011100ffda0008010100000000") + bytes(500),
    f"{ROOT}.4.90": bytes.fromhex("ff4fff510029000000007fffffff7fffffff00000000000000000000000100000001") + bytes(500),
    f"{ROOT}.4.110": bytes.fromhex("ff0a") + bytes(range(256)) * 4,
    RLE: bytes.fromhex("0f000000") + b"\xff" * 600,
    DEFLATED_FRAME: bytes(600),
}


@pytest.mark.parametrize("uid", HOSTILE)
def test_hostile_frames_are_told_as_corrupt_and_the_next_request_works(client: httpx.Client, uid: str) -> None:
    sop_instance = f"1.2.8.{uid.rpartition('.')[2]}"
    given = {"StudyInstanceUID": "1.2.8", "SeriesInstanceUID": "1.2.8.0", "SOPInstanceUID": sop_instance}
    attributes = ct_dataset(PixelData=None, **given)
    content = part10(attributes + encapsulated([HOSTILE[uid]]), uid, sop_instance=sop_instance)
    assert client.post("/studies", content=content, headers={"Content-Type": "application/dicom"}).is_success
    path = f"/studies/1.2.8/series/1.2.8.0/instances/{sop_instance}"
    for suffix, accept in (
        ("", "application/dicom"),
        ("/frames/1", "application/octet-stream"),
        ("/frames/1", "image/jp2"),
    ):
        if uid == f"{ROOT}.4.90" and accept == "image/jp2":
            continue  # as stored
        answer = client.get(path + suffix, headers={"Accept": accept})
        assert (answer.status_code, answer.json()["frame_number"]) == (422, 1), accept
    good = f"{path_of(original('CT_small.dcm'))}/frames/1"
    assert client.get(good, headers={"Accept": f"image/jls; transfer-syntax={ROOT}.4.80"}).status_code == 200


def test_a_large_instance_is_compressed_in_little_memory(server: RunningServer, client: httpx.Client) -> None:
    count, frame = 400, bytes(512 * 512 * 2)
    attributes = ct_dataset(StudyInstanceUID="1.2.9", PixelData=None, Rows=512, Columns=512)
    number = element(0x00280008, "IS", str(count) + " ") + element(0x00280010, "US", 512)
    start = part10(attributes.replace(element(0x00280010, "US", 512), number))

    def content() -> Iterator[bytes]:
        yield start + header(0x7FE00010, "OW", count * len(frame))
        yield from (frame for _ in range(count))

    assert client.post("/studies", content=content(), headers={"Content-Type": "application/dicom"}).is_success
    server.forget_peak()
    before = server.memory
    accept = {"Accept": f"application/dicom; transfer-syntax={RLE}"}
    with client.stream("GET", "/studies/1.2.9/series/1.2.3.1/instances/1.2.3.4", headers=accept) as answer:
        assert answer.status_code == 200
        assert sum(map(len, answer.iter_raw())) > 400 * 4096
    assert server.peak_memory - before < 64 << 20


def test_a_frame_is_the_same_for_all_who_ask_for_it_again(client: httpx.Client) -> None:
    path = f"{path_of(original('CT_small.dcm'))}/frames/1"
    first, second = (client.get(path, headers={"Accept": "image/jp2"}) for _ in range(2))
    assert first.content == second.content
    headers = {"Accept": "image/jp2", "If-None-Match": first.headers["etag"]}
    assert client.get(path, headers=headers).status_code == 304
    part = client.get(path, headers={"Accept": "image/jp2", "Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, bytes.fromhex("ff4fff51"))


@pytest.mark.parametrize("name", ["CT_small.dcm", "SC_rgb_small_odd.dcm", "MR_small_jpeg_ls_lossless.dcm"])
def test_dicomweb_client_gets_frames_in_every_media_type_it_knows(server: RunningServer, name: str) -> None:
    source = original(name)
    client = DICOMwebClient(server.base)
    uids = source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID
    known = {
        uid: media_type
        for uid, media_type in MEDIA_TYPES.items()
        if media_type in ("image/jpeg", "image/jls", "image/jp2")
    }
    targets = next(stored.targets for stored in FILES if stored.name == name)
    for uid, media_type in {**known, RLE: "image/dicom-rle", NATIVE: "application/octet-stream"}.items():
        if uid in targets | {NATIVE}:
            (frame,) = client.retrieve_instance_frames(*uids, [1], media_types=((media_type, uid),))
            assert frame
    instance = client.retrieve_instance(*uids, media_types=(("application/dicom", f"{ROOT}.4.90"),))
    assert np.array_equal(instance.pixel_array, source.pixel_array)

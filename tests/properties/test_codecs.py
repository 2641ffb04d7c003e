"""What a lossless transfer syntax is given comes back as it was, and other decoders read what is encoded here."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import UID

from dicomcore.data import TRANSFER_SYNTAXES, read_file
from dicomcore.errors import CorruptFrame
from dicomcore.pixels import (
    Decoded,
    Encoding,
    ImagePixel,
    PixelFormat,
    decode_pixels,
    encode_pixels,
    encoded_form,
    frame_index,
    pixel_data,
    stored_frame,
    targets,
)
from dicomcore.pixels.registry import CODECS

ROOT = "1.2.840.10008.1.2"
ENCODABLE = [uid for uid, codec in CODECS.items() if codec.encode is not None]
LOSSLESS = [uid for uid in ENCODABLE if uid not in {f"{ROOT}.4.{last}" for last in (50, 51, 81)}]


@dataclass(frozen=True)
class Kind:
    """What an image is made of."""

    allocated: int
    stored: int
    signed: bool = False
    samples: int = 1

    def __str__(self) -> str:
        color = "colour" if self.samples == 3 else "grey"
        return f"{color} {self.stored} of {self.allocated} {'signed' if self.signed else 'unsigned'}"

    def form(self, rows: int, columns: int) -> PixelFormat:
        image = ImagePixel(rows, columns, self.samples, self.allocated, 0, False)
        name = "RGB" if self.samples == 3 else "MONOCHROME2"
        return PixelFormat(image, name, self.stored, self.stored - 1, self.signed)


KINDS = [
    Kind(1, 1),
    Kind(8, 8),
    Kind(8, 8, signed=True),
    Kind(8, 5),
    Kind(16, 8),
    Kind(16, 12),
    Kind(16, 12, signed=True),
    Kind(16, 16),
    Kind(16, 16, signed=True),
    Kind(32, 32),
    Kind(32, 20, signed=True),
    Kind(64, 64),
    Kind(8, 8, samples=3),
    Kind(16, 12, samples=3),
    Kind(16, 16, samples=3),
    Kind(32, 32, samples=3),
]


def limits(form: PixelFormat) -> tuple[int, int]:
    bits = form.bits_stored
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if form.signed else (0, (1 << bits) - 1)


def noise(form: PixelFormat, random: np.random.Generator) -> NDArray[Any]:
    low, high = limits(form)
    return random.integers(low, high, form.shape, form.dtype, endpoint=True)


def extremes(form: PixelFormat, random: np.random.Generator) -> NDArray[Any]:
    return np.array(limits(form), form.dtype)[random.integers(0, 2, form.shape)]


def flat(form: PixelFormat, random: np.random.Generator) -> NDArray[Any]:
    return np.full(form.shape, limits(form)[random.integers(0, 2)], form.dtype)


def slope(form: PixelFormat, random: np.random.Generator) -> NDArray[Any]:
    """A ramp with a little noise, as images are: what predictors are made for."""
    low, high = limits(form)
    steps = np.linspace(low * 0.9, high * 0.9, form.image.columns)
    ramp = np.broadcast_to(steps.reshape((1, -1) + (1,) * (len(form.shape) - 2)), form.shape)
    noisy = np.clip(ramp + random.normal(0, 2, form.shape), low / 1.05, high / 1.05)
    return noisy.astype(form.dtype)


CONTENTS: list[Callable[[PixelFormat, np.random.Generator], NDArray[Any]]] = [noise, extremes, flat, slope]


def decoded_of(pixels: NDArray[Any], form: PixelFormat) -> Decoded:
    return Decoded(pixels, form.photometric_interpretation)


def pairs() -> Iterator[tuple[str, Kind]]:
    for uid in LOSSLESS:
        yield from ((uid, kind) for kind in KINDS if CODECS[uid].holds(kind.form(1, 1)))


PAIRS = list(pairs())


@pytest.mark.parametrize(("uid", "kind"), PAIRS, ids=[f"{uid[18:]} {kind}" for uid, kind in PAIRS])
@settings(max_examples=12, deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    content=st.sampled_from(CONTENTS),
    seed=st.integers(0, 1 << 32),
    predictor=st.integers(1, 7),
)
def test_lossless_syntaxes_give_back_what_they_got(
    uid: str, kind: Kind, rows: int, columns: int, content: Callable[..., NDArray[Any]], seed: int, predictor: int
) -> None:
    form = kind.form(rows, columns)
    pixels = content(form, np.random.default_rng(seed))
    decoded = decoded_of(pixels, form)
    encoding = Encoding(predictor=predictor)
    encoded = encode_pixels(decoded, form, uid, encoding)
    again = decode_pixels(encoded, encoded_form(form, decoded, uid, encoding), uid)
    assert len(encoded) % 2 == 0
    np.testing.assert_array_equal(again.pixels, pixels)
    assert again.photometric_interpretation == form.photometric_interpretation


REAL = [
    "CT_small.dcm",
    "MR_small_bigendian.dcm",
    "examples_overlay.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
    "SC_rgb_rle_16bit.dcm",
    "SC_rgb_small_odd.dcm",
    "JPGExtended.dcm",
    "liver_1frame.dcm",
    "rtdose_1frame.dcm",
]


@pytest.mark.parametrize("name", REAL)
def test_real_images_go_through_every_lossless_syntax_that_holds_them(name: str) -> None:
    found = read_file(Path(str(get_testdata_file(name))).read_bytes())
    element = pixel_data(found.dataset)
    assert element is not None
    form = PixelFormat.of(found.dataset)
    frame = stored_frame(frame_index(found.dataset), element.buffer, 1)
    decoded = decode_pixels(frame, form, found.transfer_syntax.uid)
    for uid in targets(form).lossless:
        encoded = encode_pixels(decoded, form, uid)
        again = decode_pixels(encoded, encoded_form(form, decoded, uid), uid)
        np.testing.assert_array_equal(again.pixels, decoded.pixels)
        assert again.photometric_interpretation == decoded.photometric_interpretation


layouts = st.builds(
    ImagePixel,
    rows=st.integers(0, 9),
    columns=st.integers(0, 9),
    samples_per_pixel=st.integers(0, 5),
    bits_allocated=st.sampled_from([0, 1, 2, 7, 8, 12, 16, 24, 32, 40, 64, 72, 128, 65535]),
    planar_configuration=st.integers(0, 1),
    subsampled=st.booleans(),
)


@settings(deadline=None)
@given(
    image=layouts,
    name=st.sampled_from(["RGB", "YBR_FULL_422", "PALETTE COLOR", "XYZ"]),
    stored=st.integers(1, 64),
    beyond=st.integers(0, 8),
    kind=st.sampled_from([(False, False), (True, False), (False, True)]),
    frame=st.binary(max_size=300),
    uid=st.sampled_from([uid for uid, codec in CODECS.items() if not codec.is_sandboxed]),
)
def test_any_bytes_in_any_format_are_pixels_or_corrupt(
    image: ImagePixel, name: str, stored: int, beyond: int, kind: tuple[bool, bool], frame: bytes, uid: str
) -> None:
    stored = min(stored, image.bits_allocated)
    high_bit = min(stored - 1 + beyond, image.bits_allocated - 1)
    signed, floating = kind
    form = PixelFormat(image, name, stored, high_bit, signed, floating and image.bits_allocated in (32, 64))
    try:
        decoded = decode_pixels(frame, form, uid)
    except CorruptFrame:
        return
    assert decoded.pixels.shape == form.shape


IMAGE_CODECS = [uid for uid in ENCODABLE if CODECS[uid].is_sandboxed]


@pytest.mark.parametrize("uid", IMAGE_CODECS)
@pytest.mark.parametrize("kind", [Kind(8, 8), Kind(16, 12), Kind(16, 16, signed=True), Kind(8, 8, samples=3)], ids=str)
@settings(max_examples=40, deadline=None)
@given(
    allocated=st.sampled_from([0, 1, 7, 8, 12, 16, 24, 32, 64, 65535]),
    samples=st.sampled_from([0, 1, 3, 4]),
    less=st.integers(0, 16),
    beyond=st.integers(0, 8),
    name=st.sampled_from(["", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "PALETTE COLOR", "XYB"]),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_codestreams_under_any_description_are_pixels_within_bits_stored_or_corrupt(
    uid: str,
    kind: Kind,
    allocated: int,
    samples: int,
    less: int,
    beyond: int,
    name: str,
    flags: tuple[bool, bool, bool],
) -> None:
    form = kind.form(9, 13)
    if not CODECS[uid].holds(form):
        return
    encoded = encode_pixels(decoded_of(slope(form, np.random.default_rng(9)), form), form, uid)
    stored = max(1, allocated - less) if allocated else 0
    signed, floating, subsampled = flags
    image = ImagePixel(9, 13, samples, allocated, 0, subsampled)
    described = PixelFormat(image, name, stored, min(stored - 1 + beyond, allocated - 1), signed, floating)
    try:
        pixels = decode_pixels(encoded, described, uid).pixels
    except CorruptFrame:
        return
    low, high = limits(described)
    assert not floating
    assert low <= pixels.min() and pixels.max() <= high


def test_every_image_of_whole_bytes_has_a_lossless_target() -> None:
    assert all(f"{ROOT}.1" in targets(kind.form(1, 1)).lossless for kind in KINDS)


# What a plugin of pydicom cannot do, by transfer syntax and plugin.
UNREADABLE: dict[tuple[str, str], Callable[[Kind], bool]] = {
    # GDCM ends the process where Bits Stored is less than 8.
    (f"{ROOT}.4.57", "gdcm"): lambda kind: kind.stored < 8,
    (f"{ROOT}.4.70", "gdcm"): lambda kind: kind.stored < 8,
    # Pillow brings more than 8 bits of a colour to 8.
    (f"{ROOT}.4.90", "pillow"): lambda kind: kind.samples == 3 and kind.stored > 8,
    (f"{ROOT}.4.91", "pillow"): lambda kind: kind.samples == 3 and kind.stored > 8,
}


def plugins() -> Iterator[tuple[str, Kind, str]]:
    for uid, kind in PAIRS:
        try:
            available = get_decoder(UID(uid)).available_plugins
        except NotImplementedError:
            continue
        for plugin in available:
            is_unreadable = UNREADABLE.get((uid, plugin), lambda kind: False)(kind)
            if TRANSFER_SYNTAXES[uid].encapsulated and kind.allocated in (8, 16, 32) and not is_unreadable:
                yield uid, kind, plugin


PLUGINS = list(plugins())


# Noise happens to be compressed to its own length.
@pytest.mark.filterwarnings("ignore:The number of bytes of compressed pixel data matches the expected number")
@pytest.mark.parametrize(("uid", "kind", "plugin"), PLUGINS, ids=[f"{u[18:]} {k} {p}" for u, k, p in PLUGINS])
def test_decoders_of_pydicom_read_what_is_encoded(uid: str, kind: Kind, plugin: str) -> None:
    form = kind.form(19, 23)
    for content in CONTENTS:
        pixels = content(form, np.random.default_rng(5))
        encoded = encode_pixels(decoded_of(pixels, form), form, uid)
        described = encoded_form(form, decoded_of(pixels, form), uid)
        theirs, _ = get_decoder(UID(uid)).as_array(
            encapsulate([encoded]), decoding_plugin=plugin, **options_of(described)
        )
        np.testing.assert_array_equal(theirs, pixels)


def options_of(form: PixelFormat) -> dict[str, Any]:
    return {
        "rows": form.image.rows,
        "columns": form.image.columns,
        "samples_per_pixel": form.image.samples_per_pixel,
        "photometric_interpretation": form.photometric_interpretation,
        "bits_allocated": form.image.bits_allocated,
        "bits_stored": form.bits_stored,
        "pixel_representation": int(form.signed),
        "number_of_frames": 1,
        "planar_configuration": form.image.planar_configuration,
        "pixel_keyword": "PixelData",
    }


LOSSY = [
    (f"{ROOT}.4.50", Kind(8, 8)),
    (f"{ROOT}.4.50", Kind(8, 8, samples=3)),
    (f"{ROOT}.4.51", Kind(16, 12)),
    (f"{ROOT}.4.81", Kind(8, 8)),
    (f"{ROOT}.4.81", Kind(16, 12)),
    (f"{ROOT}.4.81", Kind(16, 16, signed=True)),
    (f"{ROOT}.4.81", Kind(8, 8, samples=3)),
    (f"{ROOT}.4.91", Kind(8, 8)),
    (f"{ROOT}.4.91", Kind(16, 12)),
    (f"{ROOT}.4.91", Kind(16, 16, signed=True)),
    (f"{ROOT}.4.91", Kind(8, 8, samples=3)),
    (f"{ROOT}.4.203", Kind(8, 8)),
    (f"{ROOT}.4.203", Kind(16, 12)),
    (f"{ROOT}.4.203", Kind(8, 8, samples=3)),
]


@pytest.mark.parametrize(("uid", "kind"), LOSSY, ids=[f"{uid[18:]} {kind}" for uid, kind in LOSSY])
def test_other_decoder_reads_what_is_encoded_with_loss(uid: str, kind: Kind) -> None:
    form = kind.form(40, 48)
    pixels = slope(form, np.random.default_rng(8))
    given, encoding = decoded_of(pixels, form), Encoding(lossless=False, quality=90)
    described = encoded_form(form, given, uid, encoding)
    encoded = encode_pixels(given, form, uid, encoding)
    ours = decode_pixels(encoded, described, uid).pixels
    # Chroma of lower resolution is smoothed as GDCM does; pylibjpeg's way gives two grey levels more or less.
    plugin = "gdcm" if uid == f"{ROOT}.4.50" else "pylibjpeg"
    theirs, _ = get_decoder(UID(uid)).as_array(encapsulate([encoded]), decoding_plugin=plugin, **options_of(described))
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert np.abs(ours.astype(int) - pixels).mean() <= (limits(form)[1] - limits(form)[0]) / 100


DCMTK = {f"{ROOT}.5": "dcmdrle", f"{ROOT}.4.57": "dcmdjpeg", f"{ROOT}.4.70": "dcmdjpeg", f"{ROOT}.4.80": "dcmdjpls"}
FOR_DCMTK = [(uid, kind) for uid, kind in PAIRS if uid in DCMTK and kind.allocated in (8, 16)]


@pytest.mark.parametrize(("uid", "kind"), FOR_DCMTK, ids=[f"{uid[18:]} {kind}" for uid, kind in FOR_DCMTK])
def test_dcmtk_reads_what_is_encoded(uid: str, kind: Kind, tmp_path: Path) -> None:
    form = kind.form(19, 23)
    pixels = slope(form, np.random.default_rng(6))
    encoded = encode_pixels(decoded_of(pixels, form), form, uid)
    write_file(tmp_path / "in.dcm", encoded, encoded_form(form, decoded_of(pixels, form), uid), uid)
    subprocess.run([DCMTK[uid], tmp_path / "in.dcm", tmp_path / "out.dcm"], check=True, capture_output=True)
    np.testing.assert_array_equal(dcmread(tmp_path / "out.dcm").pixel_array, pixels)


def write_file(path: Path, frame: bytes, form: PixelFormat, uid: str) -> None:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    dataset.HighBit = form.high_bit
    for attribute, value in options_of(form).items():
        name = attribute.title().replace("_", "")
        if name != "PixelKeyword" and (name != "PlanarConfiguration" or form.image.samples_per_pixel > 1):
            setattr(dataset, name, value)
    dataset.PixelData = encapsulate([frame])
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(uid)
    dataset.save_as(path, enforce_file_format=True)


def test_deflated_frame_is_a_bare_deflate_stream_of_the_cells() -> None:
    form = Kind(16, 12, signed=True).form(7, 5)
    pixels = noise(form, np.random.default_rng(7))
    encoded = encode_pixels(decoded_of(pixels, form), form, f"{ROOT}.8.1")
    assert zlib.decompress(encoded, wbits=-15) == pixels.tobytes()

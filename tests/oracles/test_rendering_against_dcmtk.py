"""Pictures of the whole corpus beside those of DCMTK and of pydicom, by the same window: within one grey level.

Padding is black here and a value like others there: it is left out of the comparison (and is black).
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from builders import ct_instance, element, sequence
from corpus import content_of, corpus_files
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array

from dicomcore.data import Part10, read_file
from dicomcore.errors import DicomError
from dicomcore.pixels import frame_index, stored_frame
from dicomcore.pixels.decoding import decode_pixels
from dicomcore.pixels.pixel_format import Decoded
from dicomcore.rendering.description import FrameDescription, describe
from dicomcore.rendering.lut_items import RESCALE_INTERCEPT, RESCALE_SLOPE, WINDOW_CENTER
from dicomcore.rendering.luts import apply_modality
from dicomcore.rendering.options import RenderingOptions, VoiFunction, Window
from dicomcore.rendering.render import picture_of, render_frame

JPEG_LS = {"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"}
JPEG_2000 = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}

# The files that DCMTK shows otherwise or not at all, and why.
NOT_BY_DCMTK = {
    "test_files/SC_rgb_jpeg.dcm": "DCMTK cannot read it: an element has letters for a VR that are none",
    "test_files/rtdose_expb.dcm": "DCMTK swaps the words of 32-bit pixels in big endian, not the pixels",
    "test_files/rtdose_expb_1frame.dcm": "DCMTK swaps the words of 32-bit pixels in big endian, not the pixels",
}
BAD_SPECTRUM = "no plugin of pydicom decodes 12 bits whose end of spectral selection is wrong; DCMTK does"
NOT_BY_PYDICOM = {
    "test_files/JPEG-lossy.dcm": BAD_SPECTRUM,
    "wg04/MR3_JPLY.dcm": BAD_SPECTRUM,
    "wg04/MR4_JPLY.dcm": BAD_SPECTRUM,
    "test_files/JPEG2000-embedded-sequence-delimiter.dcm": "no picture: the width in the codestream was overwritten",
    "test_files/badVR.dcm": "pydicom does not take 1A for a number",
}


def read(path: Path) -> tuple[Part10, Decoded, FrameDescription]:
    part10 = read_file(content_of(path))
    frames = frame_index(part10.dataset)
    description = describe(part10.dataset).frame(1)
    frame = stored_frame(frames, part10.dataset.elements[frames.tag].buffer, 1)
    return part10, decode_pixels(frame, description.form, part10.transfer_syntax.uid), description


@lru_cache
def images() -> dict[str, Path]:
    """The files of the corpus that have frames, by a short name."""
    found = {}
    for path in corpus_files():
        try:
            count = frame_index(read_file(content_of(path)).dataset).count
        except DicomError:
            continue
        if count:
            found["/".join(path.parts[-2:])] = path
    return found


def is_grey(description: FrameDescription) -> bool:
    return description.form.photometric_interpretation.startswith("MONOCHROME")


def has_overlays(path: Path) -> bool:
    return bool(describe(read_file(content_of(path)).dataset).frame(1).overlays)


def picture_by_dcmtk(path: Path, uid: str, folder: Path, *choices: str) -> NDArray[np.uint8]:
    program = "dcml2pnm" if uid in JPEG_LS else "dcmj2pnm"
    target = folder / "picture.pnm"
    done = subprocess.run([program, "-O", "-S", *choices, "+op", path, target], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.asarray(Image.open(target))


def is_padding(pixels: NDArray[Any], description: FrameDescription) -> NDArray[np.bool_]:
    """Say which pixels do not count; of the two lossy files without a window, those up to 500 around padding."""
    if description.padding is None:
        return np.zeros(pixels.shape, bool)
    reach = 500 if description.is_lossy else 0
    return np.abs(pixels.astype(float) - description.padding[0]) <= reach


def choices_for(part10: Part10, decoded: Decoded, description: FrameDescription) -> tuple[str, ...]:
    """Return the options of DCMTK's programs that mean what is shown here by default.

    They know neither functional groups nor padding, and make dark grey of single bits without a window.
    """
    form = description.form
    if not is_grey(description):
        return ()
    if description.voi_luts:
        return ("+Wl", "1")
    if description.windows:
        center, width = description.windows[0].center, description.windows[0].width
        return ("+Wi", "1") if WINDOW_CENTER in part10.dataset else ("+Ww", str(center), str(width))
    if form.bits_stored <= 8 and not form.signed and description.modality is None:
        return () if form.bits_stored > 1 else ("+Wm",)
    if description.padding is None:
        return ("+Wm",)
    shown = decoded.pixels[~is_padding(decoded.pixels, description)].astype(float)
    slope, intercept = part10.dataset.number(RESCALE_SLOPE), part10.dataset.number(RESCALE_INTERCEPT)
    values = shown * float(slope or 1) + float(intercept or 0)
    return ("+Ww", str((values.min() + values.max() + 1) / 2), str(values.max() - values.min() + 1))


def differences(ours: NDArray[np.uint8], theirs: NDArray[np.uint8], decoded: Decoded, like: FrameDescription) -> int:
    """Return the largest difference in grey levels outside of padding; inside, our picture has to be black."""
    assert ours.shape == theirs.shape
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    if like.padding is not None and is_grey(like) and not like.is_lossy:
        padding = (decoded.pixels >= like.padding[0]) & (decoded.pixels <= like.padding[1])
        assert not ours[padding].any()
        difference = difference[~padding]
    return int(difference.max(initial=0))


def names(without: Container[str], *, grey: bool | None = None, jpeg_2000: bool = True) -> list[str]:
    """Return the names of the images to compare, but for the exceptions."""
    found = []
    for name, path in images().items():
        part10 = read_file(content_of(path))
        is_wanted = grey is None or is_grey(describe(part10.dataset).common) == grey
        if name not in without and is_wanted and (jpeg_2000 or part10.transfer_syntax.uid not in JPEG_2000):
            found.append(name)
    return found


@pytest.mark.parametrize("name", names(NOT_BY_DCMTK, jpeg_2000=False))
def test_a_picture_is_that_of_dcmtk(name: str, tmp_path: Path) -> None:
    part10, decoded, description = read(images()[name])
    ours = picture_of(decoded, description, RenderingOptions())
    choices = choices_for(part10, decoded, description)
    theirs = picture_by_dcmtk(images()[name], part10.transfer_syntax.uid, tmp_path, *choices)
    assert differences(ours, theirs, decoded, description) <= 1


@pytest.mark.parametrize("function", [VoiFunction.LINEAR, VoiFunction.SIGMOID])
@pytest.mark.parametrize("name", names(NOT_BY_DCMTK, grey=True, jpeg_2000=False))
def test_a_window_that_was_asked_for_is_that_of_dcmtk(name: str, function: VoiFunction, tmp_path: Path) -> None:
    part10, decoded, description = read(images()[name])
    middle = float(np.median(apply_modality(decoded.pixels, description.modality)))
    window = Window(round(middle) + 10, 321, function)
    ours = picture_of(decoded, description, RenderingOptions(window=window))
    flag = "+Wfs" if function is VoiFunction.SIGMOID else "+Wfl"
    choices = ("+Ww", str(window.center), str(window.width), flag)
    theirs = picture_by_dcmtk(images()[name], part10.transfer_syntax.uid, tmp_path, *choices)
    assert differences(ours, theirs, decoded, description) <= 1


def first_frame(dataset: pydicom.Dataset) -> NDArray[Any]:
    return np.asarray(pixel_array(dataset, index=0))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", names(NOT_BY_PYDICOM, grey=True))
def test_a_grey_picture_is_that_of_pydicom(name: str) -> None:
    _, decoded, description = read(images()[name])
    dataset = pydicom.dcmread(images()[name], force=True)
    values = apply_modality_lut(first_frame(dataset), dataset)
    own = description.windows[0] if "WindowCenter" not in dataset and description.windows else None
    if own is not None:
        dataset.WindowCenter, dataset.WindowWidth = own.center, own.width
    elif "WindowCenter" not in dataset:
        shown = values[~is_padding(first_frame(dataset), description)]
        is_level = dataset.BitsStored <= 8
        smallest, largest = (0, (1 << dataset.BitsStored) - 1) if is_level else (shown.min(), shown.max())
        dataset.VOILUTFunction = "LINEAR_EXACT"
        dataset.WindowCenter = float(smallest / 2 + largest / 2)
        dataset.WindowWidth = float(largest - smallest) or 1.0
    bits, signed = dataset.BitsStored, dataset.PixelRepresentation
    smallest, largest = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    slope, intercept = dataset.get("RescaleSlope", 1), dataset.get("RescaleIntercept", 0)
    low, high = smallest * slope + intercept, largest * slope + intercept
    theirs = (apply_voi_lut(values, dataset).astype(float) - low) / (high - low) * 255
    theirs = 255 - theirs if dataset.PhotometricInterpretation == "MONOCHROME1" else theirs
    ours = picture_of(decoded, description, RenderingOptions())
    assert differences(ours, np.rint(theirs), decoded, description) <= 1


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", names(NOT_BY_PYDICOM, grey=False))
def test_a_colour_picture_is_that_of_pydicom(name: str) -> None:
    _, decoded, description = read(images()[name])
    dataset = pydicom.dcmread(images()[name], force=True)
    theirs = first_frame(dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        theirs = apply_color_lut(theirs, dataset) >> 8
    theirs = theirs >> (dataset.BitsStored - 8 if theirs.ndim == 3 and theirs.dtype.itemsize > 1 else 0)
    ours = picture_of(decoded, description, RenderingOptions())
    assert differences(ours, theirs, decoded, description) <= 1


RAMP = np.arange(64 * 64).astype("<u2")


def made(extra: bytes = b"", **attributes: object) -> bytes:
    """Build an image of all numbers of 12 bits."""
    return ct_instance(extra=extra, **{"Rows": 64, "Columns": 64, "PixelData": RAMP.tobytes(), **attributes})


def table(descriptor: list[int], entries: NDArray[Any], vr: str = "US") -> bytes:
    data = np.asarray(entries).astype("<u2").tobytes()
    return element(0x00283002, vr, np.array(descriptor).astype("<u2").tobytes()) + element(0x00283006, "OW", data)


def palette(descriptor: list[int], *channels: NDArray[Any]) -> bytes:
    descriptors = [element(0x00281101 + number, "US", descriptor) for number in range(3)]
    data = [element(0x00281201 + number, "OW", one.tobytes()) for number, one in enumerate(channels)]
    return b"".join(descriptors + data)


NO_RESCALE = {"RescaleSlope": None, "RescaleIntercept": None}
SIGNED = {"PixelRepresentation": 1, "BitsStored": 16, "HighBit": 15, "PixelData": (RAMP.astype("<i2") - 2048).tobytes()}
WAVES = np.rint(2000 + 2000 * np.sin(np.arange(4096) / 300))
COLOURS = [((np.arange(200) * step) % 65536).astype("<u2") for step in (300, 7000, 11)]
PALETTE_COLOR = {"PhotometricInterpretation": "PALETTE COLOR", "RescaleSlope": None, "RescaleIntercept": None}
MADE: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "rescale slope of a fraction": (made(RescaleSlope="0.37", RescaleIntercept="-11.5"), ("+Wm",)),
    "rescale slope below zero": (made(RescaleSlope="-2", RescaleIntercept="100"), ("+Wm",)),
    "modality LUT": (made(sequence(0x00283000, table([4096, 0, 16], WAVES * 8)), **NO_RESCALE), ("+Wm",)),
    "modality LUT of signed pixels": (
        made(sequence(0x00283000, table([4096, 0xF800, 16], WAVES * 8, "SS")), **NO_RESCALE, **SIGNED),
        ("+Wm",),
    ),
    "short modality LUT": (made(sequence(0x00283000, table([100, 1000, 8], np.arange(100))), **NO_RESCALE), ("+Wm",)),
    "VOI LUT": (made(sequence(0x00283010, table([4096, 0, 12], WAVES)), **NO_RESCALE), ("+Wl", "1")),
    "VOI LUT of Hounsfield units": (
        made(sequence(0x00283010, table([2000, 65536 - 1000, 16], np.arange(2000) * 32, "SS"))),
        ("+Wl", "1"),
    ),
    "VOI LUT of signed pixels": (
        made(sequence(0x00283010, table([4096, 65536 - 2048, 10], WAVES // 4, "SS")), **NO_RESCALE, **SIGNED),
        ("+Wl", "1"),
    ),
    "window of one": (made(element(0x00281050, "DS", "100") + element(0x00281051, "DS", "1")), ("+Wi", "1")),
    "window of a fraction": (
        made(element(0x00281050, "DS", "100.5") + element(0x00281051, "DS", "33.3")),
        ("+Wi", "1"),
    ),
    "sigmoid": (
        made(
            element(0x00281050, "DS", "800") + element(0x00281051, "DS", "900") + element(0x00281056, "CS", "SIGMOID"),
            RescaleSlope=None,
            RescaleIntercept=None,
        ),
        ("+Wi", "1"),
    ),
    "MONOCHROME1": (made(PhotometricInterpretation="MONOCHROME1"), ("+Wm",)),
    "high bit": (made(BitsStored=8, HighBit=11, **NO_RESCALE), ()),
    "palette of 16 bits": (made(palette([200, 10, 16], *COLOURS), **PALETTE_COLOR), ()),
    "palette of 16 bits that are 8": (
        made(palette([200, 10, 16], *(one >> 8 for one in COLOURS)), **PALETTE_COLOR),
        ("+Mc",),
    ),
    "palette of 8 bits": (
        made(palette([200, 10, 8], *((one >> 8).astype("u1") for one in COLOURS)), **PALETTE_COLOR),
        (),
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_what_the_corpus_lacks_is_shown_as_by_dcmtk(name: str, tmp_path: Path) -> None:
    content, choices = MADE[name]
    path = tmp_path / "made.dcm"
    path.write_bytes(content)
    part10, decoded, description = read(path)
    ours = picture_of(decoded, description, RenderingOptions())
    theirs = picture_by_dcmtk(path, part10.transfer_syntax.uid, tmp_path, *choices)
    assert differences(ours, theirs, decoded, description) <= 1


WITH_OVERLAYS = [name for name in names(NOT_BY_DCMTK, jpeg_2000=False) if has_overlays(images()[name])]


@pytest.mark.parametrize("name", WITH_OVERLAYS)
def test_overlays_are_drawn_as_by_dcmtk(name: str, tmp_path: Path) -> None:
    part10, decoded, description = read(images()[name])
    frames = frame_index(part10.dataset)
    frame = stored_frame(frames, part10.dataset.elements[frames.tag].buffer, 1)
    encoded = render_frame(frame, part10.transfer_syntax.uid, 1, description, RenderingOptions(media_type="image/png"))
    ours = np.asarray(Image.open(io.BytesIO(encoded)))
    target = tmp_path / "overlays.pnm"
    choices = choices_for(part10, decoded, description)
    subprocess.run(["dcmj2pnm", "-S", *choices, "+op", images()[name], target], check=True, capture_output=True)
    assert np.abs(ours.astype(int) - np.asarray(Image.open(target))).max() <= 1


def test_every_exception_is_a_file_of_the_corpus() -> None:
    assert set(NOT_BY_DCMTK) | set(NOT_BY_PYDICOM) <= set(images())

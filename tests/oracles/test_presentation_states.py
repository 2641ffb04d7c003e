"""Presentation states as DCMTK's dcmp2pgm renders them: made from real images by dcmpsmk, and changed by pydicom.

dcmp2pgm renders grey values, bitmap shutters, rotation and flip. It leaves out displayed areas, the other shutters,
graphics and overlays, which are tested by themselves; and it takes every VOI LUT Function for LINEAR.
"""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from corpus import corpus_files
from PIL import Image

from dicomcore.data import Part10, read_file
from dicomcore.errors import DicomError
from dicomcore.pixels import frame_index, pixel_data, stored_frame
from dicomcore.rendering.description import describe
from dicomcore.rendering.options import RenderingOptions
from dicomcore.rendering.presentation_state import read_presentation_state
from dicomcore.rendering.presented import PresentedFrame, presented_picture
from dicomcore.rendering.references import ImageReference

OPTIONS = RenderingOptions(media_type="image/png")

# DCMTK shows set bits of single-bit images in grey, and swaps big endian cells of 32 bits by words.
NOT_LIKE_DCMTK = {
    "liver_1frame.dcm",
    "liver_expb_1frame.dcm",
    "23x38x3_seg_label.seg.dcm",
    "rtdose_expb.dcm",
    "rtdose_expb_1frame.dcm",
}

Change = Callable[[pydicom.Dataset], None]


def grey_images() -> list[Path]:
    """Native grey images of the corpus, not more than one of a kind."""
    found: dict[tuple[object, ...], Path] = {}
    for path in corpus_files():
        try:
            part10 = read_file(path.read_bytes())
        except DicomError:
            continue
        dataset = part10.dataset
        element = pixel_data(dataset)
        if path.name in NOT_LIKE_DCMTK or element is None or element.fragments is not None:
            continue
        if not dataset.text(0x00280004).startswith("MONOCHROME"):
            continue
        kinds = (
            dataset.text(0x00080016),
            dataset.text(0x00280004),
            dataset.integer(0x00280100),
            part10.transfer_syntax,
        )
        shape = (dataset.integer(0x00280010), dataset.integer(0x00280103), dataset.text(0x00281052))
        found.setdefault((*kinds, *shape), path)
    return list(found.values())


def frame_of(part10: Part10, number: int = 1) -> PresentedFrame:
    dataset = part10.dataset
    element = pixel_data(dataset)
    assert element is not None
    return PresentedFrame(
        frame=bytes(stored_frame(frame_index(dataset), element.buffer, number)),
        transfer_syntax_uid=part10.transfer_syntax.uid,
        frame_number=number,
        description=describe(dataset).frame(number),
        reference=ImageReference(dataset.text(0x0020000E), dataset.text(0x00080016), dataset.text(0x00080018)),
    )


def run(*arguments: str | Path) -> None:
    subprocess.run([str(one) for one in arguments], check=True, capture_output=True)


def made_state(image: Path, folder: Path, change: Change) -> Path:
    """Let dcmpsmk make a presentation state without the overlays, and change it."""
    run("dcmpsmk", "-q", "-o", image, folder / "made.dcm")
    state = pydicom.dcmread(folder / "made.dcm")
    change(state)
    state.save_as(folder / "state.dcm")
    return folder / "state.dcm"


def both(image: Path, folder: Path, change: Change, number: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return a frame as we and as DCMTK render it."""
    path = made_state(image, folder, change)
    run("dcmp2pgm", "-q", "-p", path, "-f", str(number), image, folder / "theirs.pgm")
    state = read_presentation_state(read_file(path.read_bytes()).dataset)
    ours, _ = presented_picture(frame_of(read_file(image.read_bytes()), number), [], state, OPTIONS)
    return ours.astype(int), np.asarray(Image.open(folder / "theirs.pgm")).astype(int)


def item(**values: object) -> pydicom.Dataset:
    made = pydicom.Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def lut_item(first: int, entries: np.ndarray, bits: int, **values: object) -> pydicom.Dataset:
    made = item(**values)
    made.add_new(0x00283002, "SS", [len(entries), first, bits])
    made.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    return made


def as_made(state: pydicom.Dataset) -> None:
    """Leave the state as it is."""


def window(state: pydicom.Dataset) -> None:
    state.SoftcopyVOILUTSequence = [item(WindowCenter="40", WindowWidth="400")]


def inverse(state: pydicom.Dataset) -> None:
    window(state)
    state.PresentationLUTShape = "INVERSE"


def without_modality(state: pydicom.Dataset) -> None:
    for keyword in ("RescaleIntercept", "RescaleSlope", "RescaleType"):
        if keyword in state:
            delattr(state, keyword)


def modality_lut(state: pydicom.Dataset) -> None:
    without_modality(state)
    table = np.sqrt(np.arange(4096)) * 64
    state.ModalityLUTSequence = [lut_item(0, table.astype(int), 12, ModalityLUTType="US")]


def modality_lut_and_window(state: pydicom.Dataset) -> None:
    modality_lut(state)
    state.SoftcopyVOILUTSequence = [item(WindowCenter="2000", WindowWidth="1500")]


def voi_lut(state: pydicom.Dataset) -> None:
    table = np.arange(500) ** 2 / 250_000 * 65535
    state.SoftcopyVOILUTSequence = [item(VOILUTSequence=[lut_item(-200, table.astype(int), 16)])]


def voi_lut_of_8_bits(state: pydicom.Dataset) -> None:
    state.SoftcopyVOILUTSequence = [item(VOILUTSequence=[lut_item(-100, np.arange(255, -1, -1), 8)])]


def voi_for_another_image(state: pydicom.Dataset) -> None:
    reference = item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID="1.2.3")
    state.SoftcopyVOILUTSequence = [
        item(ReferencedImageSequence=[reference], WindowCenter="0", WindowWidth="10"),
    ]


def turned(rotation: int, flip: str) -> Change:
    def change(state: pydicom.Dataset) -> None:
        inverse(state)
        state.ImageRotation = rotation
        state.ImageHorizontalFlip = flip

    change.__name__ = f"turned_{rotation}_{flip}"
    return change


def bitmap_shutter(state: pydicom.Dataset) -> None:
    window(state)
    bits = np.packbits((np.indices((64, 48)).sum(axis=0) % 7 < 3).astype(np.uint8), bitorder="little")
    overlay = {0x10: ("US", 64), 0x11: ("US", 48), 0x40: ("CS", "G"), 0x50: ("SS", [20, -9]), 0x100: ("US", 1)}
    for number, (vr, value) in {**overlay, 0x102: ("US", 0), 0x3000: ("OW", bits.tobytes())}.items():
        state.add_new(0x60000000 + number, vr, value)
    state.ShutterShape = "BITMAP"
    state.ShutterOverlayGroup = 0x6000
    state.ShutterPresentationValue = 0x8000


CHANGES = [
    as_made,
    window,
    inverse,
    without_modality,
    modality_lut,
    modality_lut_and_window,
    voi_lut,
    voi_lut_of_8_bits,
    voi_for_another_image,
    bitmap_shutter,
    *(turned(rotation, flip) for rotation in (0, 90, 180, 270) for flip in "NY"),
]
CT = next(path for path in corpus_files() if path.name == "CT_small.dcm")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_ct_looks_as_dcmtk_renders_it(change: Change, tmp_path: Path) -> None:
    ours, theirs = both(CT, tmp_path, change)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("path", grey_images(), ids=lambda path: path.name)
def test_the_grey_images_of_the_corpus_look_as_dcmtk_renders_them(path: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = both(path, tmp_path, as_made)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1


def test_any_frame_looks_as_dcmtk_renders_it(tmp_path: Path) -> None:
    image = next(path for path in corpus_files() if path.name == "MR_small_implicit.dcm")
    dataset = pydicom.dcmread(image)
    dataset.PixelData = b"".join(np.roll(dataset.pixel_array, 9 * number).tobytes() for number in range(3))
    dataset.NumberOfFrames = 3
    dataset.save_as(tmp_path / "frames.dcm")
    ours, theirs = both(tmp_path / "frames.dcm", tmp_path, as_made, number=2)
    assert np.abs(ours - theirs).max() <= 1 and ours.any()


def test_a_presentation_lut_is_looked_up_in_steps_of_its_entries(tmp_path: Path) -> None:
    """DCMTK goes from VOI to Presentation LUT in whole entries, which may be one entry off ours."""

    def presentation_lut(state: pydicom.Dataset) -> None:
        window(state)
        del state.PresentationLUTShape
        table = np.linspace(0, 1, 4096) ** 2 * 65535
        made = item()
        made.add_new(0x00283002, "US", [len(table), 0, 16])
        made.add_new(0x00283006, "OW", table.astype("<u2").tobytes())
        state.PresentationLUTSequence = [made]

    ours, theirs = both(CT, tmp_path, presentation_lut)
    assert np.abs(ours - theirs).max() <= 1

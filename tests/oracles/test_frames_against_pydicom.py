"""Frames of every file that pydicom ships, and of the shared images where they are: as stored, and decoded."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_files
from pydicom.encaps import generate_frames

from dicomcore.data import Part10, TransferSyntax, read_file
from dicomcore.errors import DicomError
from dicomcore.pixels import FrameIndex, decode_frame, frame_index, is_decodable, pixel_data, stored_frame
from dicomcore.uids import RLE_LOSSLESS

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
FILES = sorted({Path(name) for name in get_testdata_files()} | set(SHARED.rglob("*")))

# pydicom cannot decode these: a broken element it needs, no image attributes at all.
NOT_DECODED_BY_PYDICOM = {"badVR.dcm", "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm"}
# pydicom gives three samples for each pixel, where two pixels share them as stored.
RESAMPLED_BY_PYDICOM = {"SC_ybr_full_422_uncompressed.dcm"}


def images(*, encapsulated: bool) -> Iterator[Path]:
    for path in FILES:
        try:
            dataset = read_file(path.read_bytes()).dataset if path.is_file() else None
        except DicomError:
            continue
        element = pixel_data(dataset) if dataset is not None else None
        if element is not None and (element.fragments is not None) == encapsulated:
            yield path


ENCAPSULATED = list(images(encapsulated=True))
NATIVE = list(images(encapsulated=False))


@pytest.mark.parametrize("path", ENCAPSULATED, ids=lambda path: path.name)
def test_fragments_make_the_frames_that_pydicom_finds(path: Path) -> None:
    part10 = read_file(path.read_bytes())
    frames = frame_index(part10.dataset)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pydicom.dcmread(path, force=True)
    number_of_frames = int(theirs.get("NumberOfFrames", None) or 1)
    expected = list(generate_frames(theirs.PixelData, number_of_frames=number_of_frames))
    ours = [bytes(stored_frame(frames, buffer_of(part10), number + 1)) for number in range(frames.count)]
    assert ours == expected


def decodable() -> Iterator[Path]:
    for path in ENCAPSULATED + NATIVE:
        if path.name in NOT_DECODED_BY_PYDICOM | RESAMPLED_BY_PYDICOM:
            continue
        if is_decodable(read_file(path.read_bytes()).transfer_syntax):
            yield path


@pytest.mark.parametrize("path", list(decodable()), ids=lambda path: path.name)
def test_frames_decode_to_the_pixels_of_pydicom(path: Path) -> None:
    part10 = read_file(path.read_bytes())
    frames = frame_index(part10.dataset)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = pydicom.dcmread(path, force=True).pixel_array
    expected = [as_stored(one, frames, part10.transfer_syntax) for one in (pixels if frames.count > 1 else [pixels])]
    decoded = [
        bytes(decode_frame(frames, part10.transfer_syntax, buffer_of(part10), number + 1))
        for number in range(frames.count)
    ]
    assert decoded == expected


def buffer_of(part10: Part10) -> bytes:
    element = pixel_data(part10.dataset)
    assert element is not None
    return bytes(element.buffer)


def as_stored(pixels: np.ndarray, frames: FrameIndex, transfer_syntax: TransferSyntax) -> bytes:
    if frames.image.bits_allocated == 1:
        return np.packbits(pixels.ravel(), bitorder="little").tobytes()
    if pixels.ndim == 3 and frames.image.planar_configuration == 1 and transfer_syntax.uid != RLE_LOSSLESS:
        pixels = pixels.transpose(2, 0, 1)
    return pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()

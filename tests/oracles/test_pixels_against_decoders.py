"""Pixels of every image file at hand against those of another decoder: pydicom with its plugins, or DCMTK.

Every frame is compared. Lossless transfer syntaxes are equal to the bit, lossy ones within one grey level.
"""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from corpus import corpus_files
from numpy.typing import NDArray
from pydicom.pixels import pixel_array

from dicomcore.data import read_file
from dicomcore.errors import CorruptFrame, DicomError
from dicomcore.pixels import Decoded, PixelFormat, decode_pixels, frame_index, pixel_data, stored_frame
from dicomcore.pixels.registry import is_decodable

# Files that the other decoder cannot decode, and whose pixels are therefore compared with something else, or not.
NOT_DECODED_BY_PYDICOM = {
    "badVR.dcm": "an attribute that pydicom needs has a broken value; there is no pixel data to speak of",
    "meta_missing_tsyntax.dcm": "no transfer syntax, and no pixels",
    "nested_priv_SQ.dcm": "no attributes of an image",
}
# The header of the codestream was overwritten on purpose: no decoder takes it.
BROKEN = {"JPEG2000-embedded-sequence-delimiter.dcm"}
# Spectral selection in these scans ends with 0 where 10918-1 demands 63 of a sequential process: libjpeg of pylibjpeg
# refuses that, and GDCM has no 12 bit codec; DCMTK decodes them.
DECODED_BY_DCMTK = {"JPEG-lossy.dcm", "MR3_JPLY.dcm", "MR4_JPLY.dcm"}
# pydicom converts what is stored as YBR_FULL_422 to RGB; the pixels as they are come by asking for raw ones.
KEPT_AS_STORED = {"SC_ybr_full_422_uncompressed.dcm"}
NOT_COMPARED = NOT_DECODED_BY_PYDICOM.keys() | BROKEN


def images() -> Iterator[Path]:
    for path in corpus_files():
        try:
            found = read_file(path.read_bytes())
        except DicomError:
            continue
        if pixel_data(found.dataset) is not None and path.name not in NOT_COMPARED:
            yield path


IMAGES = list(images())


def ours(path: Path) -> dict[int, Decoded]:
    """Frames by their number, from 1."""
    found = read_file(path.read_bytes())
    element = pixel_data(found.dataset)
    assert element is not None
    frames = frame_index(found.dataset)
    form = PixelFormat.of(found.dataset, element.tag)
    uid = found.transfer_syntax.uid
    return {
        number: decode_pixels(stored_frame(frames, element.buffer, number), form, uid, number)
        for number in range(1, frames.count + 1)
    }


def theirs(path: Path, frame_number: int, folder: Path) -> NDArray[np.generic]:
    if path.name in DECODED_BY_DCMTK:
        native = folder / "native.dcm"
        subprocess.run(["dcmdjpeg", str(path), str(native)], check=True, capture_output=True)
        path = native
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pixel_array(pydicom.dcmread(path, force=True), index=frame_number - 1, raw=path.name in KEPT_AS_STORED)


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_frames_decode_to_the_pixels_of_another_decoder(path: Path, tmp_path: Path) -> None:
    tolerance = 0 if read_file(path.read_bytes()).transfer_syntax.lossless else 1
    for number, decoded in ours(path).items():
        expected = theirs(path, number, tmp_path)
        assert decoded.pixels.shape == expected.shape
        difference = np.abs(decoded.pixels.astype(np.float64) - expected.astype(np.float64)).max()
        assert difference <= tolerance


@pytest.mark.parametrize("path", [path for path in corpus_files() if path.name in BROKEN], ids=lambda path: path.name)
def test_broken_codestream_is_corrupt(path: Path) -> None:
    with pytest.raises(CorruptFrame):
        ours(path)


def test_corpus_has_files_of_many_transfer_syntaxes() -> None:
    found = {read_file(path.read_bytes()).transfer_syntax.uid for path in IMAGES}
    assert all(is_decodable(uid) for uid in found)
    assert len(found) >= 12

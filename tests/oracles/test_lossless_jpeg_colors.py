"""Colour that is written as JPEG lossless here, read by DCMTK and by pydicom with GDCM and pylibjpeg.

Each reader has to find the samples that went in, and to take them for the colours that the data set tells.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space, pixel_array
from pydicom.uid import UID

from dicomcore.pixels import Decoded, ImagePixel, PixelFormat, decode_pixels, encode_pixels

SYNTAXES = ["1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"]
Y, X = np.mgrid[:40, :56]
PIXELS = np.stack([Y * 5 + X & 255, X * 3 & 255, Y * X & 255], axis=-1).astype(np.uint8)


def written(folder: Path, name: str, uid: str) -> tuple[Path, bytes]:
    """A file of the picture, and its codestream."""
    source = dcmread(str(get_testdata_file("SC_rgb_small_odd.dcm")))
    form = PixelFormat(ImagePixel(40, 56, 3, 8, 0, False), name, 8, 7)
    codestream = encode_pixels(Decoded(PIXELS, name), form, uid)
    source.Rows, source.Columns, source.PhotometricInterpretation = 40, 56, name
    source.PixelData = encapsulate([codestream])
    source["PixelData"].is_undefined_length = True
    source.file_meta.TransferSyntaxUID = UID(uid)
    source.save_as(folder / "written.dcm", enforce_file_format=True)
    return folder / "written.dcm", codestream


@pytest.mark.parametrize("uid", SYNTAXES)
@pytest.mark.parametrize("name", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("plugin", ["gdcm", "pylibjpeg"])
def test_pydicom_reads_the_colours_that_the_data_set_tells(plugin: str, name: str, uid: str, tmp_path: Path) -> None:
    path, _ = written(tmp_path, name, uid)
    dataset = dcmread(path)
    np.testing.assert_array_equal(pixel_array(dataset, raw=True, decoding_plugin=plugin), PIXELS)
    shown = PIXELS if name == "RGB" else convert_color_space(PIXELS, "YBR_FULL", "RGB")
    np.testing.assert_array_equal(pixel_array(dataset, decoding_plugin=plugin), shown)


@pytest.mark.parametrize("uid", SYNTAXES)
@pytest.mark.parametrize("name", ["RGB", "YBR_FULL"])
def test_dcmtk_reads_the_samples_and_converts_only_ybr(name: str, uid: str, tmp_path: Path) -> None:
    path, _ = written(tmp_path, name, uid)
    kept, shown = tmp_path / "kept.dcm", tmp_path / "shown.dcm"
    subprocess.run(["dcmdjpeg", "--conv-never", path, kept], check=True, capture_output=True)
    subprocess.run(["dcmdjpeg", path, shown], check=True, capture_output=True)
    assert dcmread(kept).PhotometricInterpretation == name
    np.testing.assert_array_equal(pixel_array(dcmread(kept), raw=True), PIXELS)
    colors = PIXELS if name == "RGB" else convert_color_space(PIXELS, "YBR_FULL", "RGB")
    assert dcmread(shown).PhotometricInterpretation == "RGB"
    assert np.abs(pixel_array(dcmread(shown), raw=True).astype(int) - colors).max() <= 1


@pytest.mark.parametrize("uid", SYNTAXES)
@pytest.mark.parametrize("name", ["RGB", "YBR_FULL"])
def test_we_read_what_we_write(name: str, uid: str, tmp_path: Path) -> None:
    _, codestream = written(tmp_path, name, uid)
    form = PixelFormat(ImagePixel(40, 56, 3, 8, 0, False), name, 8, 7)
    decoded = decode_pixels(codestream, form, uid)
    assert decoded.photometric_interpretation == name
    np.testing.assert_array_equal(decoded.pixels, PIXELS)

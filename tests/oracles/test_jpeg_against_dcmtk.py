"""Every JPEG process that DCMTK encodes, decoded here to the very pixels that DCMTK decodes it to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from dicomcore.data import read_file
from dicomcore.pixels import Decoded, PixelFormat, decode_pixels, frame_index, pixel_data, stored_frame

PROCESSES = [
    "+e1",
    *(f"+el +sv {value}" for value in range(1, 8)),
    "+el +pt 2",
    "+eb",
    "+ee",
    "+es",
    "+ep",
]
COLORS = ["+eb +cr", "+eb +cy +n1", "+eb +cy +s2", "+ee +cy +s4", "+ep +cy +s2"]
CASES = [
    *(("CT_small.dcm", process) for process in PROCESSES),
    *(("SC_rgb_small_odd.dcm", process) for process in [*PROCESSES, *COLORS]),
    *(("examples_rgb_color.dcm", process) for process in COLORS),
]


def decoded(path: Path) -> Decoded:
    found = read_file(path.read_bytes())
    element = pixel_data(found.dataset)
    assert element is not None
    frame = stored_frame(frame_index(found.dataset), element.buffer, 1)
    return decode_pixels(frame, PixelFormat.of(found.dataset), found.transfer_syntax.uid)


@pytest.mark.parametrize(("name", "process"), CASES, ids=[f"{name} {process}" for name, process in CASES])
def test_process_is_decoded_as_dcmtk_does(name: str, process: str, tmp_path: Path) -> None:
    source = get_testdata_file(name)
    assert source is not None
    encoded, native = tmp_path / "encoded.dcm", tmp_path / "native.dcm"
    subprocess.run(["dcmcjpeg", *process.split(), source, encoded], check=True, capture_output=True)
    subprocess.run(["dcmdjpeg", encoded, native], check=True, capture_output=True)
    ours, theirs = decoded(encoded), dcmread(native)
    np.testing.assert_array_equal(ours.pixels, theirs.pixel_array)
    assert ours.photometric_interpretation == theirs.PhotometricInterpretation

import pytest

from dicomcore.data import ImageHeader
from dicomcore.data.codestream.header import JPEG_FAMILY
from dicomcore.data.transfer_syntax import lookup


def header(bits_stored: int) -> ImageHeader:
    return ImageHeader(4, 5, 1, bits_stored, "MONOCHROME2", JPEG_FAMILY + "90")


@pytest.mark.parametrize(
    ("stored", "allocated"), [(1, 8), (8, 8), (9, 16), (12, 16), (16, 16), (17, 32), (24, 32), (32, 32)]
)
def test_samples_take_the_whole_bytes_that_hold_them(stored: int, allocated: int) -> None:
    assert header(stored).bits_allocated == allocated


@pytest.mark.parametrize("last", ["50", "70", "80", "90", "102", "201"])
def test_the_family_begins_the_uids_of_the_image_standards(last: str) -> None:
    assert lookup(JPEG_FAMILY + last) is not None

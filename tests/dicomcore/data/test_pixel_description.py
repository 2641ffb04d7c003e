import pytest

from dicomcore.data.codestream import ImageHeader
from dicomcore.data.dataset import new_dataset
from dicomcore.data.pixel_description import (
    describe,
    forget_samples,
    note_lossy_compression,
    put_number_of_frames,
    require_size,
)
from dicomcore.data.transfer_syntax import transfer_syntax
from dicomcore.errors import MalformedDataset

HEADER = ImageHeader(3, 4, 1, 12, "MONOCHROME2", "1.2.840.10008.1.2.4.51", frame_time=33.5)


def test_an_empty_data_set_is_described_completely() -> None:
    dataset = new_dataset()
    describe(dataset, HEADER, 2)
    assert {f"{element.tag:08X}": dataset.text(element.tag) for element in dataset} == {
        "00181063": "33.5",
        "00280002": "1",
        "00280004": "MONOCHROME2",
        "00280008": "2",
        "00280009": str(0x00181063),
        "00280010": "3",
        "00280011": "4",
        "00280100": "16",
        "00280101": "12",
        "00280102": "11",
        "00280103": "0",
    }


def test_a_frame_increment_that_is_there_stays() -> None:
    dataset = new_dataset()
    dataset.put(0x00280009, "AT", 0x00181065)
    describe(dataset, HEADER, 2)
    assert dataset.values(0x00280009) == [0x00181065]
    assert 0x00181063 not in dataset


def test_samples_can_be_forgotten_and_described_anew() -> None:
    dataset = new_dataset()
    dataset.put(0x00280100, "US", 8)
    dataset.put(0x00280006, "US", 1)
    forget_samples(dataset)
    assert not len(dataset)


def test_a_size_that_is_missing_is_named() -> None:
    dataset = new_dataset()
    dataset.put(0x00280010, "US", 8)
    with pytest.raises(MalformedDataset, match="Columns is missing, and image/dicom-rle does not say it"):
        require_size(dataset, "image/dicom-rle")


def test_the_right_number_of_frames_is_taken() -> None:
    dataset = new_dataset()
    dataset.put(0x00280008, "IS", 2)
    put_number_of_frames(dataset, 2)
    with pytest.raises(MalformedDataset):
        put_number_of_frames(dataset, 3)


@pytest.mark.parametrize(
    ("component", "method"), [("4.50", "ISO_10918_1"), ("4.90", ""), ("4.81", "ISO_14495_1"), ("4.102", "ISO_14496_10")]
)
def test_lossy_compression_is_noted_with_its_method(component: str, method: str) -> None:
    dataset = new_dataset()
    note_lossy_compression(dataset, transfer_syntax(f"1.2.840.10008.1.2.{component}"))
    assert dataset.text(0x00282114) == method
    assert dataset.text(0x00282110) == ("01" if method else "")

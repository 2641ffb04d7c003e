from pathlib import Path

import pytest
from builders import ct_instance
from corpus import corpus_files

from dicomcore.data import Dataset, read_file
from dicomcore.data.dataset import new_dataset
from dicomcore.errors import DicomError
from dicomcore.pixels import image_elements, read_image_elements
from dicomcore.pixels.plain_image import MOST
from dicomcore.rendering import describe


def dataset_of(**attributes: object) -> Dataset:
    return read_file(ct_instance(**attributes)).dataset


def read(path: Path) -> Dataset | None:
    try:
        return read_file(path.read_bytes()).dataset
    except DicomError:
        return None


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name)
def test_what_is_kept_describes_an_image_as_its_data_set_does(path: Path) -> None:
    dataset = read(path)
    kept = b"" if dataset is None else image_elements(dataset)
    if dataset is not None and kept:
        assert describe(read_image_elements(kept), with_texts=False) == describe(dataset, with_texts=False)


def test_of_most_images_something_is_kept() -> None:
    datasets = [dataset for path in corpus_files() if (dataset := read(path)) is not None]
    images = [dataset for dataset in datasets if 0x7FE00010 in dataset]
    assert sum(bool(image_elements(image)) for image in images) > 0.6 * len(images)


def test_slices_of_a_series_keep_the_same() -> None:
    slices = [dataset_of(SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=str(number)) for number in (1, 2)]
    first, second = map(image_elements, slices)
    assert first == second
    assert 0 < len(first) <= MOST


def test_who_it_is_of_is_not_kept() -> None:
    kept = image_elements(dataset_of(PatientName="Doe^Jane", PatientID="P1"))
    assert b"Doe" not in kept
    assert b"P1" not in kept


SEQUENCES = {
    "Shared Functional Groups": 0x52009229,
    "Per-Frame Functional Groups": 0x52009230,
    "VOI LUT": 0x00283010,
    "Modality LUT": 0x00283000,
    "Presentation LUT": 0x20500010,
    "Optical Path": 0x00480105,
}


@pytest.mark.parametrize("tag", SEQUENCES.values(), ids=SEQUENCES)
def test_of_an_image_with_such_a_sequence_nothing_is_kept(tag: int) -> None:
    dataset = dataset_of()
    assert image_elements(dataset) != b""
    dataset.put_items(tag, [new_dataset()])
    assert image_elements(dataset) == b""


@pytest.mark.parametrize(("tag", "vr", "value"), [(0x00282000, "OB", b"ab"), (0x00281055, "LO", "x" * (MOST + 1))])
def test_of_an_image_with_a_profile_or_much_of_anything_nothing_is_kept(tag: int, vr: str, value: object) -> None:
    dataset = dataset_of()
    dataset.put(tag, vr, value)
    assert image_elements(dataset) == b""


def test_many_small_elements_are_too_much_too() -> None:
    dataset = dataset_of()
    for number in range(20):
        dataset.put(0x00280200 + number, "LO", "x" * 60)
    assert image_elements(dataset) == b""


def test_of_an_image_with_overlays_nothing_is_kept() -> None:
    dataset = dataset_of()
    dataset.put(0x60000010, "US", 4)
    assert image_elements(dataset) == b""


def test_of_what_has_no_pixels_nothing_is_kept() -> None:
    dataset = dataset_of()
    dataset.remove(0x7FE00010)
    assert image_elements(dataset) == b""

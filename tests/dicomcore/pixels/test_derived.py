import io

import pydicom
from builders import EXPLICIT_BE, EXPLICIT_LE, ct_dataset, ct_instance, element, part10, sequence

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, encode_file_meta, read_file, write_dataset
from dicomcore.pixels import Encoding
from dicomcore.pixels.derived import derived

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
LOSSY = Encoding(lossless=False, quality=70)


def made(content: bytes) -> pydicom.Dataset:
    found = derived(read_file(content), JPEG_BASELINE, LOSSY, "2.25.7")
    meta = found.file_meta.copy()
    meta.put(0x00020010, "UI", EXPLICIT_LE)
    written = b"".join(bytes(piece) for piece in write_dataset(found.dataset, EXPLICIT_VR_LITTLE_ENDIAN))
    return pydicom.dcmread(io.BytesIO(bytes(128) + b"DICM" + encode_file_meta(meta) + written))


def test_it_is_an_instance_of_its_own_that_names_its_source() -> None:
    dataset = made(ct_instance())
    assert dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID == "2.25.7"
    (source,) = dataset.SourceImageSequence
    assert (source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID) == (dataset.SOPClassUID, "1.2.3.4")
    assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
    assert (dataset.SeriesInstanceUID, dataset.PatientID) == ("1.2.3.1", "PID1")


def test_it_says_what_was_done() -> None:
    dataset = made(ct_instance())
    assert list(dataset.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    assert dataset.DerivationDescription == "JPEG Baseline (Process 1), quality 70"
    (code,) = dataset.DerivationCodeSequence
    assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == ("113040", "DCM", "Lossy Compression")


def test_an_earlier_derivation_is_kept() -> None:
    code = element(0x00080100, "SH", "113076") + element(0x00080102, "SH", "DCM ") + element(0x00080104, "LO", "Crop")
    reference = element(0x00081155, "UI", "1.2.9\0")
    start, end = ct_dataset().split(element(0x00100010, "PN", "Doe^Jane"))
    earlier = element(0x00082111, "ST", "Cropped ") + sequence(0x00082112, reference) + sequence(0x00089215, code)
    dataset = made(part10(start + earlier + element(0x00100010, "PN", "Doe^Jane") + end))
    assert dataset.DerivationDescription == "Cropped; JPEG Baseline (Process 1), quality 70"
    assert [item.CodeValue for item in dataset.DerivationCodeSequence] == ["113076", "113040"]
    assert [item.ReferencedSOPInstanceUID for item in dataset.SourceImageSequence] == ["1.2.9", "1.2.3.4"]


def test_what_it_was_made_of_is_not_changed() -> None:
    source = read_file(ct_instance(EXPLICIT_BE))
    derived(source, JPEG_BASELINE, LOSSY, "2.25.7")
    assert source.dataset.text(0x00080018) == source.file_meta.text(0x00020003) == "1.2.3.4"


def test_an_image_without_type_is_derived_all_the_same() -> None:
    assert list(made(ct_instance(ImageType=None)).ImageType) == ["DERIVED", "PRIMARY"]

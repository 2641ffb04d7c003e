"""Studies for a viewer to open, one of each kind, with pictures that can be told from each other."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageCms import ImageCmsProfile, createProfile
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sr.codedict import codes
from pydicom.uid import (
    CTImageStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    VLWholeSlideMicroscopyImageStorage,
    generate_uid,
)
from reportlab.pdfgen.canvas import Canvas

SLICES, SIZE = 24, 192
TILE = 256


@dataclass(frozen=True)
class Study:
    """The Part 10 files of one study."""

    uid: str
    patient: str
    files: list[bytes] = field(repr=False)


def ct_study() -> Study:
    """A series of a body with a spine and a lesion, different in each slice, and a segmentation of the lesion."""
    study, series, place = generate_uid(), generate_uid(), generate_uid()
    slices = [_slice(pixels, number, study, series, place) for number, pixels in enumerate(body())]
    return Study(study, "Phantom^Computed", [*map(_written, slices), _written(_segmentation(slices, lesion()))])


def body() -> NDArray[np.int16]:
    """The Hounsfield units of the body; instance numbers are indexes from 1."""
    z, y, x = _places()
    voxels = np.full(z.shape, -1000, dtype=np.int16)
    voxels[(x / 0.8) ** 2 + (y / (0.6 + 0.2 * z)) ** 2 < 1] = 40
    voxels[(x / 0.1) ** 2 + ((y - 0.3) / 0.1) ** 2 < 1] = 700
    voxels[lesion()] = 150
    return voxels


def lesion() -> NDArray[np.bool_]:
    """Which voxels are segmented."""
    z, y, x = _places()
    inside: NDArray[np.bool_] = (x + 0.3) ** 2 + y**2 + (z * 0.3) ** 2 < 0.06
    return inside


def _places() -> NDArray[np.float64]:
    return np.mgrid[-1.0 : 1.0 : SLICES * 1j, -1.0 : 1.0 : SIZE * 1j, -1.0 : 1.0 : SIZE * 1j]


def j2k_study() -> Study:
    """A colour picture of an ultrasound, JPEG 2000."""
    return _shipped("examples_jpeg2k.dcm", "Colour^Wavelet")


def cine_study() -> Study:
    """Thirty frames of an ultrasound, JPEG baseline."""
    return _shipped("examples_ybr_color.dcm", "Cine^Heart")


def report_study() -> Study:
    """A structured report, comprehensive."""
    return _shipped("test-SR.dcm", "Report^Structured")


def pdf_study() -> Study:
    """A page with a large blue rectangle on it, encapsulated."""
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(400, 400), invariant=True)
    canvas.setFillColorRGB(0.1, 0.2, 0.8)
    canvas.rect(50, 50, 300, 300, fill=1)
    canvas.save()
    study = _named("Document^Portable", generate_uid(), generate_uid(), EncapsulatedPDFStorage, "DOC")
    study.EncapsulatedDocument = page.getvalue() + b"\0" * (len(page.getvalue()) % 2)
    study.EncapsulatedDocumentLength = len(page.getvalue())
    study.MIMETypeOfEncapsulatedDocument = "application/pdf"
    study.DocumentTitle = "A blue rectangle"
    study.BurnedInAnnotation = "NO"
    study.ConceptNameCodeSequence = []
    study.InstanceNumber = 1
    return Study(study.StudyInstanceUID, str(study.PatientName), [_written(study)])


def slide_study() -> Study:
    """A slide in three resolutions, each cut into tiles of JPEG."""
    study, series, place = generate_uid(), generate_uid(), generate_uid()
    whole = Image.fromarray(stained())
    files = [_level(whole, level, study, series, place) for level in range(3)]
    return Study(study, "Slide^Whole", files)


def stained() -> NDArray[np.uint8]:
    """What is on the slide."""
    y, x = np.mgrid[0 : 4 * TILE, 0 : 4 * TILE]
    colours = np.stack([200 + 40 * np.sin(x / 80), 120 + 60 * np.sin(y / 120), np.full(x.shape, 180.0)], axis=-1)
    return colours.astype(np.uint8)


def _level(whole: Image.Image, level: int, study: str, series: str, place: str) -> bytes:
    tiles = 4 >> level
    size = tiles * TILE
    made = _named("Slide^Whole", study, series, VLWholeSlideMicroscopyImageStorage, "SM")
    made.ImageType = (
        ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"] if level else ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    )
    made.InstanceNumber, made.ContainerIdentifier, made.FrameOfReferenceUID = level + 1, "S1", place
    made.PositionReferenceIndicator, made.DimensionOrganizationType = "SLIDE_CORNER", "TILED_FULL"
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "YBR_FULL_422", 0
    made.Rows = made.Columns = TILE
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.TotalPixelMatrixColumns = made.TotalPixelMatrixRows = size
    made.TotalPixelMatrixFocalPlanes = made.NumberOfOpticalPaths = 1
    made.ImagedVolumeWidth, made.ImagedVolumeHeight, made.ImagedVolumeDepth = 1.0, 1.0, 0.001
    made.TotalPixelMatrixOriginSequence = [Dataset()]
    made.TotalPixelMatrixOriginSequence[0].XOffsetInSlideCoordinateSystem = "0"
    made.TotalPixelMatrixOriginSequence[0].YOffsetInSlideCoordinateSystem = "0"
    made.ImageOrientationSlide = ["0", "1", "0", "1", "0", "0"]
    made.VolumetricProperties, made.LossyImageCompression, made.BurnedInAnnotation = "VOLUME", "01", "NO"
    made.SharedFunctionalGroupsSequence = [Dataset()]
    made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence = [Dataset()]
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.PixelSpacing, measures.SliceThickness = [str(0.001 * 2**level)] * 2, "0.001"
    made.OpticalPathSequence = [Dataset()]
    path = made.OpticalPathSequence[0]
    path.OpticalPathIdentifier = "1"
    path.IlluminationTypeCodeSequence = [_code("111744", "DCM", "Brightfield illumination")]
    path.IlluminationColorCodeSequence = [_code("414298005", "SCT", "Full Spectrum")]
    path.ICCProfile = ImageCmsProfile(createProfile("sRGB")).tobytes()
    scaled = whole.resize((size, size))
    frames = [
        _jpeg(scaled.crop((x, y, x + TILE, y + TILE))) for y in range(0, size, TILE) for x in range(0, size, TILE)
    ]
    made.NumberOfFrames = len(frames)
    made.PixelData = encapsulate(frames)
    made["PixelData"].VR = "OB"
    return _written(made, JPEGBaseline8Bit)


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def _slice(pixels: NDArray[np.int16], number: int, study: str, series: str, place: str) -> Dataset:
    made = _named("Phantom^Computed", study, series, CTImageStorage, "CT")
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.FrameOfReferenceUID = place
    made.PositionReferenceIndicator = ""
    made.SliceThickness, made.KVP, made.AcquisitionNumber = "2", "120", 1
    made.InstanceNumber = number + 1
    made.ImagePositionPatient = ["-96", "-96", str(2 * number)]
    made.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    made.PixelSpacing = ["1", "1"]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = pixels.shape
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
    made.RescaleIntercept, made.RescaleSlope, made.RescaleType = "0", "1", "HU"
    made.WindowCenter, made.WindowWidth = "40", "400"
    made.PixelData = pixels.tobytes()
    return made


def _segmentation(slices: list[Dataset], mask: NDArray[np.bool_]) -> Dataset:
    description = SegmentDescription(
        segment_number=1,
        segment_label="Lesion",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence("Sphere", codes.DCM.ArtificialIntelligence, "1"),
    )
    made = Segmentation(
        source_images=[_complete(one) for one in slices],
        pixel_array=mask,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[description],
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Isocenter",
        manufacturer_model_name="Test",
        software_versions="1",
        device_serial_number="1",
    )
    made.SeriesDescription = "Lesion"
    return made


def _named(patient: str, study: str, series: str, sop_class: str, modality: str) -> Dataset:
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = sop_class, generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = study, series
    made.StudyDate, made.StudyTime, made.StudyID = "20240131", "101112", "1"
    made.StudyDescription, made.SeriesDescription = f"Study of {patient}", f"Series of {patient}"
    made.AccessionNumber, made.ReferringPhysicianName = "", ""
    made.PatientName, made.PatientID = patient, patient.upper()
    made.PatientBirthDate, made.PatientSex = "19700102", "O"
    made.Modality, made.Manufacturer, made.SeriesNumber = modality, "Isocenter", 1
    return made


def _shipped(name: str, patient: str) -> Study:
    """A file that pydicom ships, of a patient and a study of its own."""
    read = dcmread(str(get_testdata_file(name)))
    read.PatientName, read.PatientID = patient, patient.upper()
    read.StudyInstanceUID, read.SeriesInstanceUID = generate_uid(), generate_uid()
    buffer = io.BytesIO()
    read.save_as(buffer)
    return Study(read.StudyInstanceUID, patient, [buffer.getvalue()])


def _complete(made: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> Dataset:
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = transfer_syntax
    return made


def _written(made: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    buffer = io.BytesIO()
    _complete(made, transfer_syntax).save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()

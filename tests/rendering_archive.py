"""Objects to be shown, an archive that holds them, and a renderer with a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import pydicom
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset

from dicomcore.archive import Archive
from dicomcore.content import Content
from dicomcore.frame_cache import FrameCache
from dicomcore.instance import Instance
from dicomcore.pictures import Renderer
from dicomcore.threads import Threads
from dicomcore.workers import Workers

CT = "CT_small.dcm"
COLOR_FRAMES = "examples_ybr_color.dcm"
REPORT = "test-SR.dcm"
ECG = "waveform_ecg.dcm"
SEGMENTATION = "liver_1frame.dcm"
PLAN = "rtplan.dcm"
DOSE = "rtdose.dcm"
GRAYSCALE_SOFTCOPY = "1.2.840.10008.5.1.4.1.1.11.1"


def content_of(name: str) -> bytes:
    return Path(str(get_testdata_file(name))).read_bytes()


def read(name: str) -> Dataset:
    return pydicom.dcmread(str(get_testdata_file(name)))


def written(dataset: Dataset) -> bytes:
    target = BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def copy_of(name: str, **changes: object) -> bytes:
    """A file with some attributes changed; the SOP Instance UID of the file meta information follows."""
    dataset = read(name)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return written(dataset)


def presentation_state(image: Dataset, **changes: object) -> bytes:
    """A grayscale softcopy presentation state that shows an image turned upside down."""
    state = Dataset()
    state.file_meta = FileMetaDataset()
    state.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    state.file_meta.MediaStorageSOPClassUID = state.SOPClassUID = GRAYSCALE_SOFTCOPY
    state.file_meta.MediaStorageSOPInstanceUID = state.SOPInstanceUID = "1.2.826.1"
    state.StudyInstanceUID = image.StudyInstanceUID
    state.SeriesInstanceUID = "1.2.826.2"
    state.Modality = "PR"
    state.PatientID = image.PatientID
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.SOPClassUID
    reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ReferencedImageSequence = [reference]
    state.ReferencedSeriesSequence = [series]
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [image.Columns, image.Rows]
    area.PresentationSizeMode = "SCALE TO FIT"
    area.PresentationPixelAspectRatio = [1, 1]
    state.DisplayedAreaSelectionSequence = [area]
    state.ImageRotation = 180
    state.ImageHorizontalFlip = "N"
    state.PresentationLUTShape = "IDENTITY"
    state.RescaleIntercept, state.RescaleSlope, state.RescaleType = -1024, 1, "HU"
    window = Dataset()
    window.WindowCenter, window.WindowWidth = 40, 400
    state.SoftcopyVOILUTSequence = [window]
    for keyword, value in changes.items():
        setattr(state, keyword, value)
    return written(state)


def report_about(image: Dataset) -> bytes:
    """A report whose last item is an image."""
    report = read(REPORT)
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.SOPClassUID
    reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [reference]
    report.ContentSequence.append(item)
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = image.SeriesInstanceUID, [reference]
    study = Dataset()
    study.StudyInstanceUID, study.ReferencedSeriesSequence = image.StudyInstanceUID, [series]
    report.CurrentRequestedProcedureEvidenceSequence = [study]
    return written(report)


async def stored(archive: Archive, content: bytes) -> Instance:
    spool = archive.spool()
    spool.write(content)
    outcome = await archive.store(spool)
    assert outcome.is_stored, outcome.detail
    return await archive.instance(outcome.resource)


@asynccontextmanager
async def renderer_of(archive: Archive, **options: int) -> AsyncIterator[Renderer]:
    threads = Threads(2)
    workers = Workers(1)
    yield Renderer(workers, FrameCache(1 << 24), threads, **options)
    await workers.close()
    threads.close()


async def picture(content: Content) -> Image.Image:
    return Image.open(BytesIO(await content.whole()))

"""The Image Pixel Description Macro (PS3.3 §C.7.6.3) of images that arrive compressed and not described.

PS3.18 §10.5.2 lets a client leave out what the codestream says. What the metadata have anyway stays, unless it
contradicts the codestream in rows, columns or samples per pixel.
"""

from __future__ import annotations

from dicomcore.data.codestream import ImageHeader
from dicomcore.data.dataset import Dataset
from dicomcore.data.transfer_syntax import TransferSyntax
from dicomcore.errors import MalformedDataset

_SAMPLES_PER_PIXEL, _PHOTOMETRIC_INTERPRETATION, _PLANAR_CONFIGURATION = 0x00280002, 0x00280004, 0x00280006
_NUMBER_OF_FRAMES, _ROWS, _COLUMNS = 0x00280008, 0x00280010, 0x00280011
_BITS_ALLOCATED, _BITS_STORED, _HIGH_BIT, _PIXEL_REPRESENTATION = 0x00280100, 0x00280101, 0x00280102, 0x00280103
_FRAME_TIME, _FRAME_INCREMENT_POINTER = 0x00181063, 0x00280009
_LOSSY, _LOSSY_METHOD = 0x00282110, 0x00282114
_MUST_AGREE = {_ROWS: "Rows", _COLUMNS: "Columns", _SAMPLES_PER_PIXEL: "Samples per Pixel"}
# Lossy Image Compression Method (PS3.3 §C.7.6.1.1.5.1) by the end of the transfer syntax.
_METHODS = {
    f"1.2.840.10008.1.2.4.{component}": method
    for method, components in (
        ("ISO_10918_1", ("50", "51", "55")),
        ("ISO_14495_1", ("81",)),
        ("ISO_15444_1", ("91",)),
        ("ISO_15444_2", ("93",)),
        ("ISO_15444_15", ("203",)),
        ("ISO_18181_1", ("111",)),
        ("ISO_13818_2", ("100", "101", "100.1", "101.1")),
        ("ISO_14496_10", ("102", "103", "104", "105", "106", "102.1", "103.1", "104.1", "105.1", "106.1")),
        ("ISO_23008_2", ("107", "108")),
    )
    for component in components
}


def describe(dataset: Dataset, header: ImageHeader, number_of_frames: int) -> None:
    """Complete the Image Pixel Description Macro (PS3.3 §C.7.6.3), or refuse what contradicts the codestream."""
    derived: dict[int, tuple[str, int | str]] = {
        _SAMPLES_PER_PIXEL: ("US", header.samples_per_pixel),
        _PHOTOMETRIC_INTERPRETATION: ("CS", header.photometric_interpretation),
        _ROWS: ("US", header.rows),
        _COLUMNS: ("US", header.columns),
        _BITS_ALLOCATED: ("US", header.bits_allocated),
        _BITS_STORED: ("US", header.bits_stored),
        _HIGH_BIT: ("US", (dataset.integer(_BITS_STORED) or header.bits_stored) - 1),
        _PIXEL_REPRESENTATION: ("US", int(header.is_signed)),
    }
    if header.samples_per_pixel > 1:
        derived[_PLANAR_CONFIGURATION] = ("US", 0)
    for tag, (vr, value) in derived.items():
        if not dataset.text(tag):
            dataset.put(tag, vr, value)
        elif tag in _MUST_AGREE and dataset.integer(tag) != value:
            raise MalformedDataset(f"{_MUST_AGREE[tag]} is {dataset.text(tag)}, but {value} in the pixel data", tag=tag)
    if number_of_frames > 1:
        put_number_of_frames(dataset, number_of_frames)
        _put_frame_time(dataset, header.frame_time)


def put_number_of_frames(dataset: Dataset, number_of_frames: int) -> None:
    """Put Number of Frames, or refuse metadata that have another."""
    if not dataset.text(_NUMBER_OF_FRAMES):
        dataset.put(_NUMBER_OF_FRAMES, "IS", number_of_frames)
    elif dataset.integer(_NUMBER_OF_FRAMES) != number_of_frames:
        given = dataset.text(_NUMBER_OF_FRAMES)
        raise MalformedDataset(f"Number of Frames is {given}, but the pixel data have {number_of_frames} frames")


def _put_frame_time(dataset: Dataset, frame_time: float | None) -> None:
    """Put how long a frame is shown (PS3.3 §C.7.6.5) if nothing says it."""
    if frame_time is not None and not dataset.text(_FRAME_INCREMENT_POINTER):
        dataset.put(_FRAME_INCREMENT_POINTER, "AT", _FRAME_TIME)
        dataset.put(_FRAME_TIME, "DS", frame_time)


def note_lossy_compression(dataset: Dataset, syntax: TransferSyntax) -> None:
    """Say that the image went through lossy compression, and which, if the metadata leave it out."""
    if not syntax.lossless and not dataset.text(_LOSSY) and syntax.uid in _METHODS:
        dataset.put(_LOSSY, "CS", "01")
        if not dataset.text(_LOSSY_METHOD):
            dataset.put(_LOSSY_METHOD, "CS", _METHODS[syntax.uid])


def require_size(dataset: Dataset, media_type: str) -> None:
    """Refuse an image whose size neither the metadata nor a codestream of this media type says."""
    missing = next((name for tag, name in _MUST_AGREE.items() if dataset.integer(tag) is None), None)
    if missing is not None:
        raise MalformedDataset(f"{missing} is missing, and {media_type} does not say it")


def forget_samples(dataset: Dataset) -> None:
    """Remove what the metadata say about the samples of an image that is decoded here."""
    for tag in (_PHOTOMETRIC_INTERPRETATION, _BITS_ALLOCATED, _BITS_STORED, _HIGH_BIT, _PIXEL_REPRESENTATION):
        dataset.remove(tag)
    dataset.remove(_PLANAR_CONFIGURATION)

"""Data sets by keyword, frames of arrays, and presentation states for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Dataset, new_dataset, tag_of, vr_of
from dicomcore.pixels.image import ImagePixel
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.presented import PresentedFrame
from dicomcore.rendering.references import ImageReference

EXPLICIT_LE = "1.2.840.10008.1.2.1"
GSPS = "1.2.840.10008.5.1.4.1.1.11.1"
SERIES = "1.2.3.1"
IMAGE = "1.2.3.4"


def dataset_of(**values: Any) -> Dataset:
    """Build a data set: ``dataset_of(Rows=3, ReferencedImageSequence=[dataset_of(...)])``."""
    dataset = new_dataset()
    for keyword, value in values.items():
        tag = tag_of(keyword)
        assert tag is not None, keyword
        several = value if isinstance(value, (list, tuple)) else [value]
        if vr_of(tag) == "SQ":
            dataset.put_items(tag, several)
        else:
            dataset.put(tag, vr_of(tag) or "UN", *several)
    return dataset


def description_of(pixels: NDArray[Any], **details: Any) -> FrameDescription:
    """Describe an array, grey (rows, columns) or RGB, all of whose bits are stored."""
    bits = pixels.dtype.itemsize * 8
    samples = 1 if pixels.ndim == 2 else 3
    image = ImagePixel(pixels.shape[0], pixels.shape[1], samples, bits, 0, False)
    form = PixelFormat(image, "MONOCHROME2" if samples == 1 else "RGB", bits, bits - 1, signed=pixels.dtype.kind == "i")
    return FrameDescription(form=form, **details)


def frame_of(
    pixels: NDArray[Any], *, number: int = 1, uid: str = IMAGE, series: str = SERIES, plane: Any = None, **details: Any
) -> PresentedFrame:
    """Build a native frame of an array; ``details`` go into its description."""
    return PresentedFrame(
        frame=np.ascontiguousarray(pixels).tobytes(),
        transfer_syntax_uid=EXPLICIT_LE,
        frame_number=number,
        description=description_of(pixels, **details),
        reference=ImageReference(series, "1.2.840.10008.5.1.4.1.1.2", uid),
        plane=plane,
    )


def image_item(uid: str = IMAGE, *frames: int) -> Dataset:
    """Build an item of a Referenced Image Sequence."""
    numbers = {"ReferencedFrameNumber": list(frames)} if frames else {}
    return dataset_of(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=uid, **numbers)


def state_of(*images: Dataset, **values: Any) -> Dataset:
    """Build a grayscale presentation state of these images, of one image if there are none."""
    series = dataset_of(SeriesInstanceUID=SERIES, ReferencedImageSequence=list(images) or [image_item()])
    return dataset_of(SOPClassUID=GSPS, ReferencedSeriesSequence=[series], **values)


def graphic(kind: str, *numbers: float, units: str = "PIXEL", **values: Any) -> Dataset:
    """Build an item of a Graphic Object Sequence."""
    return dataset_of(
        GraphicAnnotationUnits=units,
        GraphicDimensions=2,
        NumberOfGraphicPoints=len(numbers) // 2,
        GraphicData=[float(number) for number in numbers],
        GraphicType=kind,
        **values,
    )


def boxed_text(text: str, *corners: float, units: str = "PIXEL", **values: Any) -> Dataset:
    """Build an item of a Text Object Sequence with a box: left, top, right, bottom."""
    return dataset_of(
        BoundingBoxAnnotationUnits=units,
        UnformattedTextValue=text,
        BoundingBoxTopLeftHandCorner=[float(number) for number in corners[:2]],
        BoundingBoxBottomRightHandCorner=[float(number) for number in corners[2:]],
        **values,
    )

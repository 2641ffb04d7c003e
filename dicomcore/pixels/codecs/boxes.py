"""Codestreams in boxes (ISO/IEC 14496-12 §4.2): JP2, JPH and JPEG XL files, which DICOM need not have."""

from __future__ import annotations

from struct import error as StructError

from dicomcore.data import Buffer
from dicomcore.data.codestream.boxes import find_box
from dicomcore.errors import MalformedDataset

_SIGNATURES = (b"jP  \r\n\x87\n", b"JXL \r\n\x87\n")


def box_content(frame: Buffer, kind: bytes) -> memoryview | None:
    """Return what is in the first box of a kind; None if there is none, or the frame is no file of boxes.

    Raises ValueError if the boxes before it are broken.
    """
    view = memoryview(frame)
    if bytes(view[4:12]) not in _SIGNATURES:
        return None
    try:
        span = find_box(view, kind)
    except (MalformedDataset, StructError) as error:
        raise ValueError("the boxes around the codestream are broken") from error
    return None if span is None else view[span[0] : span[1]]

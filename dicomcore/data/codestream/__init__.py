"""What the header of a compressed image or video says (STOW of bulk data, PS3.18 §10.5.2): size, samples, syntax.

Only headers are read, nothing is decoded.

- `header`: `ImageHeader`, what is read
- `jpeg`: JPEG (ISO/IEC 10918-1) and JPEG-LS (ISO/IEC 14495-1)
- `jpeg2000`: JPEG 2000 and HTJ2K (ISO/IEC 15444-1, -2, -15), codestreams or JP2 files
- `jpegxl`: JPEG XL (ISO/IEC 18181), codestreams or containers
- `video`: MPEG-2 streams, and H.264 and H.265 in MP4 files
- `boxes`: the boxes of MP4, JP2 and JPEG XL files
"""

import struct

from dicomcore.data.codestream.header import HeaderReader, ImageHeader
from dicomcore.data.codestream.jpeg import read_jpeg
from dicomcore.data.codestream.jpeg2000 import read_jp2, read_jpeg2000
from dicomcore.data.codestream.jpegxl import read_jpegxl, read_jpegxl_container
from dicomcore.data.codestream.video import read_mp4, read_mpeg2
from dicomcore.data.dataset import Buffer
from dicomcore.errors import MalformedDataset

__all__ = ["ImageHeader", "read_image_header"]

_READERS: tuple[tuple[int, bytes, HeaderReader], ...] = (
    (0, b"\xff\xd8\xff", read_jpeg),
    (0, b"\xff\x4f\xff\x51", read_jpeg2000),
    (4, b"jP  \r\n\x87\n", read_jp2),
    (0, b"\xff\x0a", read_jpegxl),
    (4, b"JXL \r\n\x87\n", read_jpegxl_container),
    (4, b"ftyp", read_mp4),
    (0, b"\x00\x00\x01\xb3", read_mpeg2),
    (0, b"\x00\x00\x01\xba", read_mpeg2),
)


def read_image_header(codestream: Buffer) -> ImageHeader:
    """Read the header of a compressed image or video, whatever it is.

    Raises:
        MalformedDataset: it is of no kind that is known here, or its header is broken.
    """
    view = memoryview(codestream)
    start = bytes(view[:16])
    read = next((read for offset, magic, read in _READERS if start.startswith(magic, offset)), None)
    if read is None:
        raise MalformedDataset("the pixel data are no codestream of a known kind")
    try:
        header = read(view)
    except (struct.error, IndexError) as error:
        raise MalformedDataset("the header of the codestream is cut off or broken") from error
    if not (0 < header.rows <= 0xFFFF and 0 < header.columns <= 0xFFFF):
        raise MalformedDataset(f"a codestream of {header.rows} rows and {header.columns} columns fits no DICOM image")
    if header.samples_per_pixel not in (1, 3) or not 1 <= header.bits_stored <= 32:
        raise MalformedDataset(
            f"a codestream of {header.samples_per_pixel} components of {header.bits_stored} bits fits no DICOM image"
        )
    return header

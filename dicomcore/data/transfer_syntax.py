"""Transfer syntaxes (PS3.5 §10, Annex A; PS3.6 Table A-1) and their media types (PS3.18 §8.7.3), as one table.

A row says how a data set is encoded and how its pixel data are. The media type is that of one frame as compressed bulk
data (PS3.18 Table 8.7.3-5); uncompressed syntaxes have ``application/octet-stream`` (Table 8.7.3-4), those that are
read but have no bulk data form on the web have none.

The retired JPEG processes (1.2.840.10008.1.2.4.52 and so on) stand in the table too: their data sets can be stored,
searched and given back as they are; nothing decodes them.
"""

from dataclasses import dataclass

from dicomcore.errors import UnsupportedTransferSyntax

OCTET_STREAM = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """How a data set is encoded.

    ``lossless`` is true when the pixel data of this syntax cannot have lost anything by its compression, or are not
    compressed. ``video`` syntaxes hold a stream for all frames instead of a codestream for each. ``referenced`` ones
    have no pixel data but point to a provider.
    """

    uid: str
    name: str
    explicit: bool = True
    little_endian: bool = True
    deflated: bool = False
    encapsulated: bool = False
    lossless: bool = True
    media_type: str | None = None
    video: bool = False
    referenced: bool = False
    retired: bool = False

    def __str__(self) -> str:
        return self.uid


_ROOT = "1.2.840.10008.1.2"


def _image(
    component: str, name: str, media_type: str | None, *, lossless: bool, retired: bool = False
) -> TransferSyntax:
    return TransferSyntax(
        f"{_ROOT}.{component}", name, encapsulated=True, lossless=lossless, media_type=media_type, retired=retired
    )


def _video(component: str, name: str, media_type: str) -> tuple[TransferSyntax, ...]:
    uid = f"{_ROOT}.4.{component}"
    whole = TransferSyntax(uid, name, encapsulated=True, lossless=False, media_type=media_type, video=True)
    if media_type == "video/H265":
        return (whole,)
    fragmentable = TransferSyntax(
        f"{uid}.1", f"Fragmentable {name}", encapsulated=True, lossless=False, media_type=media_type, video=True
    )
    return whole, fragmentable


def _referenced(component: str, name: str, *, deflated: bool = False) -> TransferSyntax:
    return TransferSyntax(f"{_ROOT}.4.{component}", name, deflated=deflated, lossless=False, referenced=True)


IMPLICIT_VR_LITTLE_ENDIAN = TransferSyntax(_ROOT, "Implicit VR Little Endian", explicit=False, media_type=OCTET_STREAM)
EXPLICIT_VR_LITTLE_ENDIAN = TransferSyntax(f"{_ROOT}.1", "Explicit VR Little Endian", media_type=OCTET_STREAM)
EXPLICIT_VR_BIG_ENDIAN = TransferSyntax(
    f"{_ROOT}.2", "Explicit VR Big Endian", little_endian=False, media_type=OCTET_STREAM, retired=True
)
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = TransferSyntax(
    f"{_ROOT}.1.99", "Deflated Explicit VR Little Endian", deflated=True, media_type=OCTET_STREAM
)
ENCAPSULATED_UNCOMPRESSED = TransferSyntax(
    f"{_ROOT}.1.98",
    "Encapsulated Uncompressed Explicit VR Little Endian",
    encapsulated=True,
    media_type=OCTET_STREAM,
)

_RETIRED_JPEG = (
    ("52", "JPEG Extended (Process 3 and 5)", False),
    ("53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)", False),
    ("54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)", False),
    ("55", "JPEG Full Progression, Non-Hierarchical (Process 10 and 12)", False),
    ("56", "JPEG Full Progression, Non-Hierarchical (Process 11 and 13)", False),
    ("58", "JPEG Lossless, Non-Hierarchical (Process 15)", True),
    ("59", "JPEG Extended, Hierarchical (Process 16 and 18)", False),
    ("60", "JPEG Extended, Hierarchical (Process 17 and 19)", False),
    ("61", "JPEG Spectral Selection, Hierarchical (Process 20 and 22)", False),
    ("62", "JPEG Spectral Selection, Hierarchical (Process 21 and 23)", False),
    ("63", "JPEG Full Progression, Hierarchical (Process 24 and 26)", False),
    ("64", "JPEG Full Progression, Hierarchical (Process 25 and 27)", False),
    ("65", "JPEG Lossless, Hierarchical (Process 28)", True),
    ("66", "JPEG Lossless, Hierarchical (Process 29)", True),
)

_SYNTAXES = (
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    ENCAPSULATED_UNCOMPRESSED,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    _image("4.50", "JPEG Baseline (Process 1)", "image/jpeg", lossless=False),
    _image("4.51", "JPEG Extended (Process 2 and 4)", "image/jpeg", lossless=False),
    *(_image(f"4.{last}", name, None, lossless=lossless, retired=True) for last, name, lossless in _RETIRED_JPEG),
    _image("4.57", "JPEG Lossless, Non-Hierarchical (Process 14)", "image/jpeg", lossless=True),
    _image(
        "4.70",
        "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])",
        "image/jpeg",
        lossless=True,
    ),
    _image("4.80", "JPEG-LS Lossless Image Compression", "image/jls", lossless=True),
    _image("4.81", "JPEG-LS Lossy (Near-Lossless) Image Compression", "image/jls", lossless=False),
    _image("4.90", "JPEG 2000 Image Compression (Lossless Only)", "image/jp2", lossless=True),
    _image("4.91", "JPEG 2000 Image Compression", "image/jp2", lossless=False),
    _image("4.92", "JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)", "image/jpx", lossless=True),
    _image("4.93", "JPEG 2000 Part 2 Multi-component Image Compression", "image/jpx", lossless=False),
    _referenced("94", "JPIP Referenced"),
    _referenced("95", "JPIP Referenced Deflate", deflated=True),
    *_video("100", "MPEG2 Main Profile / Main Level", "video/mpeg"),
    *_video("101", "MPEG2 Main Profile / High Level", "video/mpeg"),
    *_video("102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", "video/mp4"),
    *_video("103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", "video/mp4"),
    *_video("104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", "video/mp4"),
    *_video("105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", "video/mp4"),
    *_video("106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", "video/mp4"),
    *_video("107", "HEVC/H.265 Main Profile / Level 5.1", "video/H265"),
    *_video("108", "HEVC/H.265 Main 10 Profile / Level 5.1", "video/H265"),
    _image("4.110", "JPEG XL Lossless", "image/jxl", lossless=True),
    _image("4.111", "JPEG XL JPEG Recompression", "image/jxl", lossless=False),
    _image("4.112", "JPEG XL", "image/jxl", lossless=False),
    _image("4.201", "High-Throughput JPEG 2000 Image Compression (Lossless Only)", "image/jphc", lossless=True),
    _image(
        "4.202",
        "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)",
        "image/jphc",
        lossless=True,
    ),
    _image("4.203", "High-Throughput JPEG 2000 Image Compression", "image/jphc", lossless=False),
    _referenced("204", "JPIP HTJ2K Referenced"),
    _referenced("205", "JPIP HTJ2K Referenced Deflate", deflated=True),
    _image("5", "RLE Lossless", "image/dicom-rle", lossless=True),
    _image("8.1", "Deflated Image Frame Compression", "application/x-deflate", lossless=True),
    # PS3.22 real-time video: the payload is not in the data set, whose other elements are as in Explicit VR.
    TransferSyntax(
        f"{_ROOT}.7.1", "SMPTE ST 2110-20 Uncompressed Progressive Active Video", video=True, referenced=True
    ),
    TransferSyntax(
        f"{_ROOT}.7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Active Video", video=True, referenced=True
    ),
    TransferSyntax(f"{_ROOT}.7.3", "SMPTE ST 2110-30 PCM Digital Audio", video=True, referenced=True),
)

TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {syntax.uid: syntax for syntax in _SYNTAXES}

# PS3.18 Table 8.7.3-5: the syntax that is meant when a media type comes without a transfer-syntax parameter. The first
# of the table is taken where the standard names none (image/jphc, video/H265).
DEFAULT_TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {
    media_type: TRANSFER_SYNTAXES[f"{_ROOT}.{component}"]
    for media_type, component in (
        (OCTET_STREAM, "1"),
        ("image/jpeg", "4.70"),
        ("image/dicom-rle", "5"),
        ("image/jls", "4.80"),
        ("image/jp2", "4.90"),
        ("image/jpx", "4.92"),
        ("image/jphc", "4.201"),
        ("image/jxl", "4.110"),
        ("application/x-deflate", "8.1"),
        ("video/mpeg", "4.101"),
        ("video/mp4", "4.102"),
        ("video/H265", "4.107"),
    )
}

# Names that older editions and clients use for the same thing (PS3.18 2020 Table 8.7.3-5; §8.7.3.3.2 note 8).
MEDIA_TYPE_ALIASES: dict[str, str] = {
    "image/x-dicom-rle": "image/dicom-rle",
    "image/x-jls": "image/jls",
    "video/mpeg2": "video/mpeg",
    "video/h265": "video/H265",
}


def lookup(uid: str) -> TransferSyntax | None:
    """Return the transfer syntax with this UID, or None when it is not in the table."""
    return TRANSFER_SYNTAXES.get(uid)


def transfer_syntax(uid: str) -> TransferSyntax:
    """Return the transfer syntax with this UID, or raise `UnsupportedTransferSyntax`."""
    found = TRANSFER_SYNTAXES.get(uid)
    if found is None:
        raise UnsupportedTransferSyntax(uid)
    return found


def transfer_syntaxes_of(media_type: str) -> tuple[TransferSyntax, ...]:
    """Return the transfer syntaxes whose bulk data have this media type, the default one first.

    Old names of media types are understood; case does not matter. Empty when there are none.
    """
    wanted = canonical_media_type(media_type)
    default = DEFAULT_TRANSFER_SYNTAXES.get(wanted)
    if default is None:
        return ()
    return default, *(syntax for syntax in _SYNTAXES if syntax.media_type == wanted and syntax is not default)


def canonical_media_type(media_type: str) -> str:
    """Return the name that the current edition gives to a media type that may be written in an older way."""
    lowered = media_type.lower()
    return MEDIA_TYPE_ALIASES.get(lowered, lowered)

"""Content codings of answers (RFC 9110 §8.4.1, §12.5.3; PS3.18 §8.4.1): zstd and gzip, for texts.

Little effort is spent: on a fast network the time of compression counts for more than the bytes. The result depends on
the text alone, so that each coding can have a strong ETag of its own.
"""

import mmap
import zlib
from collections.abc import Sequence
from functools import lru_cache

import zstandard

CODINGS = ("zstd", "gzip")
THRESHOLD = 1024
_MAX_LENGTH = 1024
_GZIP = 31  # zlib's window bits for the gzip format, whose header then holds no time


def coded_etag(etag: str, coding: str) -> str:
    """Return the ETag of the same text in a content coding."""
    return f'{etag[:-1]}-{coding}"' if coding else etag


@lru_cache(maxsize=256)
def _accepted_codings(header: str) -> dict[str, float]:
    accepted = {}
    for element in header.lower().split(","):
        coding, _, parameters = element.partition(";")
        name, _, value = parameters.partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 1.0
        accepted[coding.strip()] = weight
    return accepted


def select_coding(header: str, codings: Sequence[str], size: int) -> str:
    """Choose a content coding by Accept-Encoding (RFC 9110 §12.5.3); empty for none.

    Below 1 kB nothing is gained, so there a coding is chosen only if the text as it is has been refused.
    """
    accepted = _accepted_codings(header[:_MAX_LENGTH])
    anything = accepted.get("*", 0.0)
    refused = accepted.get("identity", accepted.get("*", 1.0)) <= 0
    weights = [(accepted.get(coding, anything), -place, coding) for place, coding in enumerate(codings)]
    best = max(weights, default=(0.0, 0, ""))
    return best[2] if best[0] > 0 and (size >= THRESHOLD or refused) else ""


def encode(coding: str, buffers: Sequence[bytes | bytearray | memoryview | mmap.mmap], size: int) -> bytes:
    """Compress with little effort; the result depends on the text alone."""
    views = [memoryview(buffer) for buffer in buffers]
    if coding == "gzip":
        compressor = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
        return b"".join((*map(compressor.compress, views), compressor.flush()))
    coder = zstandard.ZstdCompressor(level=1).compressobj(size=size)
    return b"".join((*map(coder.compress, views), coder.flush()))

"""PackBits, the run length encoding of one RLE segment (PS3.5 §G.3), by imagecodecs."""

import imagecodecs
import numpy as np
from numpy.typing import NDArray

_LONGEST_RUN = 128


def decode_packbits(segment: bytes, length: int) -> NDArray[np.uint8]:
    """Decode a segment into ``length`` bytes at most; raise ValueError for broken runs.

    What a segment holds beyond that is padding of its encoder and left out.
    """
    # A run that does not fit is not written at all: with room for one more, all before it has been.
    decoded = np.empty(length + _LONGEST_RUN, np.uint8)
    try:
        result = imagecodecs.packbits_decode(segment, out=decoded.data)
    except imagecodecs.PackbitsError as error:
        if "OUTPUT_TOO_SMALL" in str(error):
            return decoded[:length]
        raise ValueError("a run reaches beyond its segment") from error
    return decoded[: min(len(result), length)]


def encode_packbits(rows: NDArray[np.uint8]) -> bytes:
    """Encode the rows of one plane of bytes, no run beyond its row; padded to even length."""
    segment = bytes(imagecodecs.packbits_encode(rows, axis=-1))
    return segment + b"\0" * (len(segment) & 1)

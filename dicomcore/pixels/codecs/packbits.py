"""PackBits, the run length encoding of one RLE segment (PS3.5 §G.3), by imagecodecs."""

import imagecodecs
import numpy as np
from numpy.typing import NDArray


def decode_packbits(segment: bytes, length: int) -> NDArray[np.uint8]:
    """Decode a segment into ``length`` bytes at most; raise ValueError for broken runs.

    What a segment holds beyond that is padding of its encoder and left out.
    """
    decoded = np.empty(length, np.uint8)
    try:
        result = imagecodecs.packbits_decode(segment, out=decoded.data)
    except imagecodecs.PackbitsError as error:
        if "OUTPUT_TOO_SMALL" in str(error):
            return decoded
        raise ValueError("a run reaches beyond its segment") from error
    return decoded[: len(result)]

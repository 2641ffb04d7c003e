"""The main header of JPEG 2000 and HTJ2K codestreams (ISO/IEC 15444-1 Annex A), read before a library is.

A few bytes of it can ask for millions of tiles, precincts or packets; `Jpeg2000Header.check` refuses what no image
needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import error as StructError
from struct import unpack_from

from dicomcore.pixels.codecs.declaration import Declaration
from dicomcore.pixels.pixel_format import PixelFormat

MAX_TILES = 4_096
MAX_LAYERS = 1_000
SMALLEST_TILE = 16
MAX_PACKETS = 2_000_000
_MAX_SEGMENTS = 10_000
_MAX_LEVELS = 32

_START = b"\xff\x4f\xff\x51"
_SIZ, _COD, _SOT, _EOC = 0xFF51, 0xFF52, 0xFF90, 0xFFD9
_SMALLEST_TILE_PART = 14
_HAS_PRECINCTS = 1
_WHOLE = 15  # the exponent of a precinct as large as can be


@dataclass(frozen=True, slots=True)
class Jpeg2000Header:
    """SIZ and COD. ``tile`` is rows and columns of a tile, ``precincts`` the exponents of rows and columns by level.

    ``is_converted`` says that three components are a colour transform of RGB, ``is_reversible`` which wavelet there is.
    ``is_whole`` says that each tile-part is as long as it says and the last ends where the codestream does (§A.4.2).
    """

    declared: Declaration
    tiles: int
    tile: tuple[int, int]
    layers: int
    levels: int
    precincts: tuple[tuple[int, int], ...]
    is_converted: bool
    is_reversible: bool
    is_whole: bool

    @property
    def packets(self) -> int:
        """The number of packets that the header asks for (ISO/IEC 15444-1 §B.9), about."""
        rows, columns = self.tile
        precincts = 0
        for resolution, (height, width) in enumerate(self.precincts):
            reduced = self.levels - resolution
            precincts += ((rows >> reduced) // (1 << height) + 1) * ((columns >> reduced) // (1 << width) + 1)
        return precincts * self.tiles * self.layers * self.declared.components

    def check(self, form: PixelFormat) -> None:
        """Raise ValueError where this is not of the image that the data set describes, or asks for too much."""
        self.declared.check(form)
        if self.tiles > MAX_TILES:
            raise ValueError(f"{self.tiles} tiles, more than {MAX_TILES}")
        image = form.image
        if self.tile[0] < min(SMALLEST_TILE, image.rows) or self.tile[1] < min(SMALLEST_TILE, image.columns):
            raise ValueError(f"tiles of {self.tile[0]} rows of {self.tile[1]}")
        if not 1 <= self.layers <= MAX_LAYERS:
            raise ValueError(f"{self.layers} quality layers, not from 1 to {MAX_LAYERS}")
        if self.packets > MAX_PACKETS:
            raise ValueError(f"{self.packets} packets, more than {MAX_PACKETS}")


def read_jpeg2000_header(codestream: memoryview) -> Jpeg2000Header:
    """Read the segments up to the first tile; raise ValueError where the codestream is broken."""
    if bytes(codestream[:4]) != _START:
        raise ValueError("no JPEG 2000 codestream")
    try:
        segments, end = _segments(codestream)
        declared, tiles, tile = _size(segments[_SIZ])
        return _coding_style(segments[_COD], declared, tiles, tile, _has_end(codestream, end))
    except (StructError, IndexError) as error:
        raise ValueError("the main header is cut off") from error
    except KeyError as error:
        raise ValueError("the main header has no coding style") from error


def _segments(codestream: memoryview) -> tuple[dict[int, memoryview], int]:
    """Return the segments of the main header by marker, and where it ends.

    Of those that may come once, the second is an error.
    """
    segments: dict[int, memoryview] = {}
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker, length = unpack_from(">HH", codestream, position)
        if marker == _SOT:
            return segments, position
        end = position + 2 + length
        if marker < 0xFF00 or length < 2 or end > len(codestream):
            raise ValueError(f"no marker segment at byte {position}")
        if marker in (_SIZ, _COD) and marker in segments:
            raise ValueError("the main header says its size or its coding style twice")
        segments[marker] = codestream[position + 4 : end]
        position = end
    raise ValueError("the main header has no end")


def _has_end(codestream: memoryview, position: int) -> bool:
    """Go from tile-part to tile-part; one that says no length, as the last may, counts as cut off."""
    while codestream[position : position + 2] == _SOT.to_bytes(2, "big") and position + 10 <= len(codestream):
        (length,) = unpack_from(">I", codestream, position + 6)
        if length < _SMALLEST_TILE_PART:
            return False
        position += length
    return codestream[position : position + 2] == _EOC.to_bytes(2, "big")


def _size(siz: memoryview) -> tuple[Declaration, int, tuple[int, int]]:
    """Read SIZ (ISO/IEC 15444-1 §A.5.1): the image area on its grid, the tiles on it, the components."""
    _, right, bottom, left, top, width, height, tile_left, tile_top, count = unpack_from(">HIIIIIIIIH", siz)
    components = {bytes(siz[36 + 3 * number : 39 + 3 * number]) for number in range(count)}
    if len(siz) < 36 + 3 * count or len(components) != 1:
        raise ValueError(f"{count} components that are not alike")
    precision, *steps = components.pop()
    if steps != [1, 1]:
        raise ValueError("components of a lower resolution")
    if not (tile_left <= left < right and tile_top <= top < bottom and width and height):
        raise ValueError("an image area or tiles without any pixel")
    if tile_left + width <= left or tile_top + height <= top:
        raise ValueError("a first tile without any pixel")
    tiles = -(-(right - tile_left) // width) * -(-(bottom - tile_top) // height)
    declared = Declaration(bottom - top, right - left, count, (precision & 0x7F) + 1, bool(precision & 0x80))
    return declared, tiles, (min(height, bottom - top), min(width, right - left))


def _coding_style(
    cod: memoryview, declared: Declaration, tiles: int, tile: tuple[int, int], is_whole: bool
) -> Jpeg2000Header:
    """Read COD (ISO/IEC 15444-1 §A.6.1)."""
    style, _, layers, converted, levels, _, _, _, wavelet = unpack_from(">BBHBBBBBB", cod)
    if levels > _MAX_LEVELS:
        raise ValueError(f"{levels} decomposition levels, more than {_MAX_LEVELS}")
    precincts = [(_WHOLE, _WHOLE)] * (levels + 1)
    if style & _HAS_PRECINCTS:
        precincts = [(cod[10 + level] >> 4, cod[10 + level] & 15) for level in range(levels + 1)]
        # Only the smallest resolution may have precincts of one sample (§A.6.1); OpenJPH crashes on others.
        if any(0 in exponents for exponents in precincts[1:]):
            raise ValueError("precincts without any sample of a subband")
    return Jpeg2000Header(
        declared=declared,
        tiles=tiles,
        tile=tile,
        layers=layers,
        levels=levels,
        precincts=tuple(precincts),
        is_converted=converted == 1 and declared.components >= 3,
        is_reversible=wavelet == 1,
        is_whole=is_whole,
    )

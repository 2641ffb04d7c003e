"""The elements that say how a plain image is shown, taken out of its data set to be kept beside its frame index.

A fifth of the time for the picture of a slice went into reading some thirty elements out of a hundred and more. Those
of most images are few and short, and the same in a whole series; so they are kept as a data set of their own, in
Explicit VR Little Endian, with pixel data that has no value.

An image that takes more to describe has none: functional groups, look-up tables, optical paths, overlays, ICC profiles,
or much of anything. Text that would be burned in is not among them.
"""

from __future__ import annotations

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, Dataset, read_dataset, write_dataset
from dicomcore.pixels.frames import pixel_data

MOST = 1024
"""Bytes that are kept at most."""

# Group 0028 but for its length, and the groups of overlays: from, and up to.
_IMAGE, _BEHIND_IMAGE = 0x00280001, 0x00290000
_OVERLAYS, _BEHIND_OVERLAYS = 0x60000000, 0x60200000
# SOP Class UID, Modality, cine rates, Pixel Presentation, spacings, Presentation LUT Shape.
_OTHERS = frozenset((0x00080016, 0x00080060, 0x00082144, 0x00089205, 0x00180040, 0x00181063, 0x00181065, 0x00181164))
_OTHERS |= {0x00182010, 0x20500020}
# Presentation LUT Sequence, Optical Path Sequence, functional groups, ICC Profile.
_NOT_PLAIN = frozenset((0x20500010, 0x00480105, 0x52009229, 0x52009230, 0x00282000))


def image_elements(dataset: Dataset) -> bytes:
    """Return the elements that say how a plain image is shown; none of other images, and of what is none."""
    elements = dataset.elements
    pixels = pixel_data(dataset)
    if pixels is None or not _NOT_PLAIN.isdisjoint(elements):
        return b""
    if [tag for tag in elements if _OVERLAYS <= tag < _BEHIND_OVERLAYS]:
        return b""
    tags = [tag for tag in elements if _IMAGE <= tag < _BEHIND_IMAGE or tag in _OTHERS]
    chosen = {tag: elements[tag] for tag in tags}
    if any(element.items is not None or element.end - element.start > MOST for element in chosen.values()):
        return b""
    taken = Dataset(chosen, little_endian=dataset.little_endian, explicit=dataset.explicit)
    taken.put_raw(pixels.tag, pixels.vr, b"")
    written = b"".join(bytes(piece) for piece in write_dataset(taken, EXPLICIT_VR_LITTLE_ENDIAN))
    return written if len(written) <= MOST else b""


def read_image_elements(elements: bytes) -> Dataset:
    """Read what `image_elements` gave: a data set without anything else, whose pixel data has no value."""
    return read_dataset(elements, EXPLICIT_VR_LITTLE_ENDIAN)

"""Functional groups (PS3.3 §C.7.6.16): what each frame of an enhanced multi-frame image has of its own.

Of the shared and the per-frame groups only those that matter to a picture are read. Frames whose groups have the same
bytes share one `FrameGroups`, so that thousands of frames take little time and room.
"""

from __future__ import annotations

from dataclasses import dataclass

from dicomcore.data import Dataset, Element
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.lut_items import may_be_negative, numbers, read_modality, read_voi_luts, read_windows
from dicomcore.rendering.luts import Lut, Modality
from dicomcore.rendering.options import Window

SHARED_FUNCTIONAL_GROUPS = 0x52009229
PER_FRAME_FUNCTIONAL_GROUPS = 0x52009230
PIXEL_VALUE_TRANSFORMATION = 0x00289145
FRAME_VOI_LUT = 0x00289132
PIXEL_MEASURES = 0x00289110
OPTICAL_PATH_IDENTIFICATION = 0x00480207
OPTICAL_PATH_IDENTIFIER = 0x00480106
PIXEL_SPACING = 0x00280030

_GROUPS = (PIXEL_VALUE_TRANSFORMATION, FRAME_VOI_LUT, PIXEL_MEASURES, OPTICAL_PATH_IDENTIFICATION)

Spacing = tuple[float, float]
"""The distance of pixels down and across, in mm or as a ratio."""


@dataclass(frozen=True, slots=True)
class FrameGroups:
    """What the groups of a frame say; None or nothing where they do not.

    ``modality`` is the Pixel Value Transformation (§C.7.6.16.2.9), ``windows`` and ``voi_luts`` the Frame VOI LUT
    (§C.7.6.16.2.10), ``spacing`` is of the Pixel Measures (§C.7.6.16.2.1), ``optical_path`` the Optical Path
    Identifier.
    """

    modality: Modality = None
    windows: tuple[Window, ...] = ()
    voi_luts: tuple[Lut, ...] = ()
    spacing: Spacing | None = None
    optical_path: str = ""

    def over(self, other: FrameGroups) -> FrameGroups:
        """Return these groups, with what they do not say taken from others."""
        has_voi = bool(self.windows or self.voi_luts)
        return FrameGroups(
            modality=self.modality or other.modality,
            windows=self.windows if has_voi else other.windows,
            voi_luts=self.voi_luts if has_voi else other.voi_luts,
            spacing=self.spacing or other.spacing,
            optical_path=self.optical_path or other.optical_path,
        )


@dataclass(frozen=True, slots=True)
class FunctionalGroups:
    """The groups of all frames: ``places`` has for each frame its place in ``variants``."""

    variants: tuple[FrameGroups, ...]
    places: tuple[int, ...] = ()

    def of(self, frame_number: int) -> FrameGroups:
        """Return the groups of a frame, from 1; one without groups of its own has the shared ones."""
        return self.variants[self.places[frame_number - 1] if frame_number <= len(self.places) else 0]


def read_functional_groups(dataset: Dataset, form: PixelFormat) -> FunctionalGroups:
    """Read the functional groups of an image, over what stands outside of them, as in images that are not enhanced."""
    variants = [_plain(dataset, form)]
    for item in dataset.items(SHARED_FUNCTIONAL_GROUPS)[:1]:
        variants[0] = _read(item, form).over(variants[0])
    places: list[int] = []
    known: dict[tuple[bytes, ...], int] = {}
    for item in dataset.items(PER_FRAME_FUNCTIONAL_GROUPS):
        key = _bytes_of(item)
        if not any(key):
            places.append(0)
            continue
        place = known.get(key)
        if place is None:
            place = known[key] = len(variants)
            variants.append(_read(item, form).over(variants[0]))
        places.append(place)
    return FunctionalGroups(tuple(variants), tuple(places) if len(variants) > 1 else ())


def _bytes_of(item: Dataset) -> tuple[bytes, ...]:
    """Return the bytes of the groups that matter; equal bytes mean equal groups."""
    elements = item.elements
    return tuple(_value(elements[tag]) if tag in elements else b"" for tag in _GROUPS)


def _value(element: Element) -> bytes:
    """Return the bytes of a value; those of items one by one if they were not read, or changed since."""
    items = element.items
    if items is None or (element.header >= 0 and not any(item.is_modified for item in items)):
        return bytes(element.buffer[element.start : element.end])
    return b"".join(one.tag.to_bytes(4, "little") + _value(one) for item in items for one in item.elements.values())


def _plain(dataset: Dataset, form: PixelFormat) -> FrameGroups:
    modality = read_modality(dataset, signed=form.signed)
    return FrameGroups(
        modality=modality,
        windows=read_windows(dataset),
        voi_luts=read_voi_luts(dataset, signed=may_be_negative(form, modality)),
    )


def _read(item: Dataset, form: PixelFormat) -> FrameGroups:
    modality = _first(item, PIXEL_VALUE_TRANSFORMATION)
    voi = _first(item, FRAME_VOI_LUT)
    transformation = read_modality(modality, signed=form.signed)
    return FrameGroups(
        modality=transformation,
        windows=read_windows(voi),
        voi_luts=read_voi_luts(voi, signed=may_be_negative(form, transformation)),
        spacing=read_spacing(_first(item, PIXEL_MEASURES), PIXEL_SPACING),
        optical_path=_first(item, OPTICAL_PATH_IDENTIFICATION).text(OPTICAL_PATH_IDENTIFIER),
    )


def _first(item: Dataset, tag: int) -> Dataset:
    return next(iter(item.items(tag)), _NOTHING)


def read_spacing(dataset: Dataset, tag: int) -> Spacing | None:
    """Read two positive numbers, down and across."""
    values = numbers(dataset, tag)
    if len(values) < 2 or values[0] is None or values[1] is None:
        return None
    return (values[0], values[1]) if values[0] > 0 and values[1] > 0 else None


_NOTHING = Dataset()

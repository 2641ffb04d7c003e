"""Pixel data within items: icons (PS3.3 §C.7.6.1.1.6) and the like, native whatever the image around them is.

PS3.5 §A.4 lets an icon be native beside encapsulated pixel data, so nothing else is ever made of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dicomcore.data import Buffer, Dataset
from dicomcore.pixels.image import PIXEL_DATA

Replace = Callable[[Dataset], Dataset]
"""Make an item with native pixel data out of one whose pixel data is encapsulated."""


def encapsulated_icons(dataset: Dataset) -> Iterator[Dataset]:
    """Yield the items, at any depth, whose pixel data is encapsulated."""
    for element in dataset:
        for item in element.items or ():
            yield from encapsulated_icons(item)
            found = item.get(PIXEL_DATA)
            if found is not None and found.fragments is not None:
                yield item


def replaced_icons(dataset: Dataset, replace: Replace) -> Dataset:
    """Return the data set with each of `encapsulated_icons` replaced: itself if there is none."""
    changed: Dataset | None = None
    for element in dataset:
        if not element.items:
            continue
        items = [_replaced(item, replace) for item in element.items]
        if any(one is not other for one, other in zip(items, element.items, strict=True)):
            changed = changed or dataset.copy()
            changed.put_items(element.tag, items)
    return changed or dataset


def _replaced(item: Dataset, replace: Replace) -> Dataset:
    found = item.get(PIXEL_DATA)
    if found is not None and found.fragments is not None:
        item = replace(item)
    return replaced_icons(item, replace)


def with_native_pixels(item: Dataset, bits_allocated: int, pieces: Sequence[Buffer]) -> Dataset:
    """Return a copy of an item with these bytes as its pixel data."""
    native = b"".join(pieces)
    changed = item.copy()
    changed.put_raw(PIXEL_DATA, "OW" if bits_allocated > 8 else "OB", native + b"\0" * (len(native) & 1))
    return changed

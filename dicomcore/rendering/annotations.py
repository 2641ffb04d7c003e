"""Annotations that are burned into a picture, after everything else (PS3.18 §8.3.5.1.1, row RND-001).

``patient`` stands in the upper left corner, ``technique`` in the lower left one: white letters with a black outline, so
that they can be read on light and on dark. The letters are an even part of the picture's height; in a narrow picture
they become smaller, and lines that still do not fit are cut off; in a low one the lower ones are, not the patient.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from dicomcore.lettering import printable, width_of, write
from dicomcore.rendering.annotation_texts import AnnotationTexts
from dicomcore.rendering.options import Annotation, RenderingOptions
from dicomcore.rendering.overlays import Picture

_LINES_PER_PICTURE = 32
_SMALLEST, _LARGEST = 9, 48
_LINE_HEIGHT = 1.25
_WHITE: dict[str, int | tuple[int, int, int]] = {"L": 255, "RGB": (255, 255, 255)}
_BLACK: dict[str, int | tuple[int, int, int]] = {"L": 0, "RGB": (0, 0, 0)}


def draw_annotations(picture: Picture, texts: AnnotationTexts, options: RenderingOptions) -> Picture:
    """Return a picture, grey (rows, columns) or RGB, with the annotations that the options ask for.

    It is the same array if nothing is drawn. Nothing is ever drawn into an anonymous picture.
    """
    patient = _lines(texts.patient) if Annotation.PATIENT in options.annotations else []
    technique = _lines(texts.technique) if Annotation.TECHNIQUE in options.annotations else []
    if options.is_anonymous or not (patient or technique) or not picture.size:
        return picture
    image = Image.fromarray(np.ascontiguousarray(picture))
    size = _letter_size(image.size, [*patient, *technique])
    height = round(size * _LINE_HEIGHT)
    margin = max(2, size // 3)
    lowest = image.height - margin
    _write(image, patient, size, margin, margin)
    _write(image, technique, size, margin, max(margin + height * len(patient), lowest - height * len(technique)))
    return np.asarray(image)


def _lines(texts: Sequence[str]) -> list[str]:
    return [line for text in texts if (line := " ".join(printable(text).split()))]


def _letter_size(picture: tuple[int, int], lines: Sequence[str]) -> int:
    """Return a height of letters, in pixels, at which the lines fit if that is possible at all."""
    size = min(max(picture[1] // _LINES_PER_PICTURE, _SMALLEST), _LARGEST)
    widest = max(width_of(line, size) for line in lines)
    room = picture[0] - 2 * max(2, size // 3)
    return size if widest <= room else max(size * max(room, 1) // widest, min(size, _SMALLEST))


def _write(image: Image.Image, lines: Sequence[str], size: int, left: int, top: int) -> None:
    drawing = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        place = (left, top + number * round(size * _LINE_HEIGHT))
        write(drawing, place, line, size, _BLACK[image.mode], stroke_width=max(1, size // 12))
        write(drawing, place, line, size, _WHITE[image.mode])

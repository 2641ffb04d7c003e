from __future__ import annotations

import numpy as np
import pytest

from dicomcore.rendering.annotation_texts import AnnotationTexts
from dicomcore.rendering.annotations import draw_annotations
from dicomcore.rendering.options import Annotation, RenderingOptions

TEXTS = AnnotationTexts(patient=("Doe, Jane", "ID 7"), technique=("CT", "120 kV"))
BOTH = RenderingOptions(annotations=frozenset(Annotation))


def options(*annotations: Annotation) -> RenderingOptions:
    return RenderingOptions(annotations=frozenset(annotations))


def test_nothing_is_drawn_unless_asked_for() -> None:
    picture = np.zeros((200, 200), np.uint8)
    assert draw_annotations(picture, TEXTS, RenderingOptions()) is picture


def test_patient_stands_above_and_technique_below() -> None:
    picture = np.full((200, 200), 100, np.uint8)
    patient = draw_annotations(picture, TEXTS, options(Annotation.PATIENT)) != 100
    technique = draw_annotations(picture, TEXTS, options(Annotation.TECHNIQUE)) != 100
    assert patient[:60, :120].any() and not patient[60:].any() and not patient[:, 120:].any()
    assert technique[140:, :120].any() and not technique[:140].any()


@pytest.mark.parametrize("level", [0, 255])
def test_letters_are_white_with_a_black_outline(level: int) -> None:
    drawn = draw_annotations(np.full((400, 400), level, np.uint8), TEXTS, options(Annotation.PATIENT))
    corner = drawn[:60, :160]
    assert corner.min() == 0 and corner.max() == 255


def test_colour_pictures_are_drawn_on() -> None:
    picture = np.full((100, 100, 3), (9, 90, 180), np.uint8)
    drawn = draw_annotations(picture, TEXTS, BOTH)
    assert drawn.shape == picture.shape
    assert (drawn != picture).any()


def test_an_anonymous_picture_stays_anonymous() -> None:
    picture = np.zeros((100, 100), np.uint8)
    anonymous = RenderingOptions(annotations=frozenset(Annotation), is_anonymous=True)
    assert draw_annotations(picture, TEXTS, anonymous) is picture


def test_long_lines_become_smaller_until_they_fit() -> None:
    texts = AnnotationTexts(patient=("A name that is rather long^for a picture",))
    drawn = draw_annotations(np.zeros((1000, 300), np.uint8), texts, options(Annotation.PATIENT))
    assert drawn.any() and not drawn[:, -2:].any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 700), (700, 2), (0, 5)])
def test_pictures_of_any_size_can_be_drawn_on(shape: tuple[int, int]) -> None:
    drawn = draw_annotations(np.zeros(shape, np.uint8), TEXTS, BOTH)
    assert drawn.shape == shape


@pytest.mark.parametrize("name", ["山田^太郎", "\ud800\x00", "x" * 100_000, "\u202eabc", " "])
def test_names_of_any_script_can_be_drawn(name: str) -> None:
    picture = np.zeros((64, 64), np.uint8)
    assert draw_annotations(picture, AnnotationTexts(patient=(name,)), BOTH).shape == (64, 64)


def test_names_are_told_apart_in_scripts_other_than_latin() -> None:
    picture = np.zeros((256, 256), np.uint8)
    names = ["Жуков, Иван", "Жукова, Инна", "山田, 太郎", "山本, 太郎", "Müller, Jo", "Muller, Jo", "דוד", "דור", "??"]
    drawn = [draw_annotations(picture, AnnotationTexts(patient=(name,)), BOTH).tobytes() for name in names]
    assert len(set(drawn)) == len(names)


def test_in_a_low_picture_technique_stands_below_the_patient_and_not_on_it() -> None:
    picture = np.full((60, 200), 100, np.uint8)
    texts = AnnotationTexts(patient=("Doe, Jane", "ID 7", "1970"), technique=("CT", "120 kV", "5 mm"))
    patient = draw_annotations(picture, texts, options(Annotation.PATIENT))
    both = draw_annotations(picture, texts, BOTH)
    end = int(np.flatnonzero((patient != picture).any(axis=1))[-1]) + 1
    assert (both[: end - 1] == patient[: end - 1]).all()
    assert (both[end:] != picture[end:]).any()

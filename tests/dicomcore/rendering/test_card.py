import io

import numpy as np
import pytest
from PIL import Image

from dicomcore.errors import LimitExceeded
from dicomcore.rendering.card import draw_card
from dicomcore.rendering.options import RenderingOptions, Viewport


def card(title: str, viewport: Viewport | None = None) -> np.ndarray:
    encoded = draw_card(title, RenderingOptions(media_type="image/png", viewport=viewport))
    return np.asarray(Image.open(io.BytesIO(encoded)))


def test_a_card_has_its_title_in_the_middle() -> None:
    drawn = card("CT")
    assert drawn.shape == (256, 256)
    assert drawn[100:156, 80:176].max() > 150
    assert drawn[10:90, 10:246].max() < 100


def test_a_card_has_the_size_of_the_viewport() -> None:
    assert card("SR", Viewport(100, 60)).shape == (60, 100)
    assert card("SR", Viewport(width=30)).shape == (30, 30)
    assert card("A very long title", Viewport(3, 2)).shape == (2, 3)


@pytest.mark.parametrize("title", ["", " ", "\n\n", "漢字" * 500, "\U0010ffff"])
def test_any_title_can_be_drawn(title: str) -> None:
    assert card(title).shape == (256, 256)


def test_a_card_has_a_largest_size() -> None:
    with pytest.raises(LimitExceeded):
        card("CT", Viewport(100_000, 100_000))

import pytest

from app.negotiation import Selection, acceptable
from app.rendered_negotiation import rendered_content_type, select_rendered
from dicomcore.errors import NotAcceptable

STILL = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
MOVING = ("image/gif", "image/webp", "video/mp4", "image/jpeg")
TEXT = ("text/html", "text/plain", "text/xml")
BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "offered", "expected"),
    [
        (None, STILL, "image/jpeg"),
        ("*/*", STILL, "image/jpeg"),
        ("image/*", STILL, "image/jpeg"),
        ("image/png", STILL, "image/png"),
        ("image/png;q=0.5, image/gif", STILL, "image/gif"),
        ("image/jpeg;q=0, image/*", STILL, "image/png"),
        (BROWSER, STILL, "image/jpeg"),
        ("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50", STILL, "image/jpeg"),
        ("*/*", MOVING, "image/gif"),
        ("video/*", MOVING, "video/mp4"),
        ("text/*", TEXT, "text/html"),
        ("text/plain", TEXT, "text/plain"),
        ("text/plain;charset=utf-8", TEXT, "text/plain"),
        ("text/plain;charset=iso-8859-1", TEXT, None),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", TEXT, "text/html"),
        ("application/dicom", STILL, None),
        ("image/png", TEXT, None),
    ],
)
def test_one_picture_is_a_single_part(accept: str | None, offered: tuple[str, ...], expected: str | None) -> None:
    if expected is None:
        with pytest.raises(NotAcceptable):
            select_rendered(acceptable(accept), offered, single=True)
    else:
        assert select_rendered(acceptable(accept), offered, single=True) == Selection(expected)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "image/jpeg"),
        ("multipart/related", "image/jpeg"),
        ('multipart/related; type="image/*"', "image/jpeg"),
        ('multipart/related; type="image/png"', "image/png"),
        ("image/jpeg", None),
        ("image/*", None),
    ],
)
def test_several_pictures_are_parts(accept: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(NotAcceptable) as caught:
            select_rendered(acceptable(accept), STILL, single=False)
        assert caught.value.available[0] == 'multipart/related; type="image/jpeg"'
    else:
        assert select_rendered(acceptable(accept), STILL, single=False) == Selection(expected, multipart=True)


def test_one_picture_can_be_had_as_a_part() -> None:
    accepted = acceptable('multipart/related; type="image/png"')
    assert select_rendered(accepted, STILL, single=True) == Selection("image/png", multipart=True)


def test_the_accept_parameter_goes_first() -> None:
    accepted = acceptable("image/*, image/jpeg", "image/gif;q=0.5,image/png")
    assert select_rendered(accepted, STILL, single=True) == Selection("image/png")


def test_an_accept_parameter_that_fits_nothing_leaves_the_choice_to_the_header() -> None:
    accepted = acceptable("*/*", "image/bmp")
    assert select_rendered(accepted, STILL, single=True) == Selection("image/jpeg")


def test_the_refusal_names_what_there_is() -> None:
    with pytest.raises(NotAcceptable) as caught:
        select_rendered(acceptable("image/bmp"), ("image/jpeg",), single=True)
    assert caught.value.available == ("image/jpeg", 'multipart/related; type="image/jpeg"')


def test_text_has_its_character_set_with_it() -> None:
    assert rendered_content_type("text/html") == "text/html; charset=utf-8"
    assert rendered_content_type("image/png") == "image/png"

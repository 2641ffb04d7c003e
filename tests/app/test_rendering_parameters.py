import pytest

from app.rendering_parameters import (
    MAX_SIDE,
    parameters_of,
    parse_annotations,
    parse_presented,
    parse_rendering,
    parse_thumbnail,
)
from dicomcore.errors import InvalidParameter
from dicomcore.rendering import Annotation, IccProfile, RenderingOptions, Viewport, VoiFunction, Window


def options_of(query: str) -> RenderingOptions:
    return parse_rendering(query.encode()).options


def test_without_parameters_everything_is_the_default() -> None:
    assert options_of("") == RenderingOptions()


def test_unknown_parameters_are_ignored() -> None:
    assert options_of("foo=1&Quality=7&window2=x") == RenderingOptions()


def test_a_parameter_may_come_once() -> None:
    with pytest.raises(InvalidParameter, match="quality: must be there once"):
        parse_rendering(b"quality=1&quality=2")


def test_names_and_values_are_percent_decoded_and_a_plus_is_a_plus() -> None:
    assert parameters_of(b"qu%61lity=%31+2&other=3", ("quality",)) == {"quality": "1+2"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("patient", {Annotation.PATIENT}),
        ("technique", {Annotation.TECHNIQUE}),
        ("patient,technique", {Annotation.PATIENT, Annotation.TECHNIQUE}),
        ("technique%2C%20patient", {Annotation.PATIENT, Annotation.TECHNIQUE}),
    ],
)
def test_annotations_are_keywords(text: str, expected: set[Annotation]) -> None:
    assert options_of(f"annotation={text}").annotations == expected


@pytest.mark.parametrize("text", ["", ",", "patient,", "1", "patient;technique", "pa%74ient%00"])
def test_annotations_that_are_no_keywords_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="annotation"):
        options_of(f"annotation={text}")


def test_annotations_that_are_not_known_are_ignored_with_a_warning() -> None:
    request = parse_rendering(b"annotation=Patient,technique,laterality")
    assert request.options.annotations == {Annotation.TECHNIQUE}
    assert request.warnings == ("The following annotation values are not supported: Patient, laterality",)


def test_no_annotation_gives_no_warning() -> None:
    assert parse_annotations(None) == (frozenset(), ())


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("50", 50), ("100", 100), ("007", 7)])
def test_quality_is_from_1_to_100(text: str, expected: int) -> None:
    assert options_of(f"quality={text}").quality == expected


@pytest.mark.parametrize("text", ["0", "101", "50.5", "-1", "", "x", "1e1", "٣"])
def test_any_other_quality_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="quality"):
        options_of(f"quality={text}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("512,256", Viewport(512, 256)),
        ("512,512,10,20", Viewport(512, 512, 10, 20)),
        ("512,512,,,512,512", Viewport(512, 512, 0, 0, 512, 512)),
        ("512,512,1.5,,-100,-50.25", Viewport(512, 512, 1.5, 0, -100, -50.25)),
        ("1,1,,,,7", Viewport(1, 1, 0, 0, None, 7)),
    ],
)
def test_a_viewport_has_a_size_and_maybe_a_part_of_the_image(text: str, expected: Viewport) -> None:
    assert options_of(f"viewport={text}").viewport == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "512",
        "512,",
        "0,512",
        "-1,512",
        "512.5,512",
        "512,512,0,0,0,10",
        "512,512,0,0,10,0",
        "512,512,a",
        "512,512,1,2,3,4,5",
        "512,512,nan",
        "512,512,inf",
        f"{MAX_SIDE + 1},1",
        f"{MAX_SIDE},{MAX_SIDE}",
        "999999999,999999999",
    ],
)
def test_any_other_viewport_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="viewport"):
        options_of(f"viewport={text}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("40,400,linear", Window(40, 400, VoiFunction.LINEAR)),
        ("-600.5,1600,linear-exact", Window(-600.5, 1600, VoiFunction.LINEAR_EXACT)),
        ("0,0.5,sigmoid", Window(0, 0.5, VoiFunction.SIGMOID)),
        ("1,1,linear", Window(1, 1, VoiFunction.LINEAR)),
        ("-1e15,1e15,linear", Window(-1e15, 1e15, VoiFunction.LINEAR)),
    ],
)
def test_a_window_has_center_width_and_function(text: str, expected: Window) -> None:
    assert options_of(f"window={text}").window == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "40,400",
        "40,400,Linear",
        "40,400,cubic",
        "40,400,linear,1",
        "40,0.5,linear",
        "40,0,sigmoid",
        "40,-1,linear-exact",
        "x,400,linear",
        "nan,400,linear",
        "1e999,400,linear",
        "1e99,1e99,linear",
        "0,1e99,linear-exact",
        "-1e99,1,linear",
        "1e30,1,sigmoid",
    ],
)
def test_any_other_window_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="window"):
        options_of(f"window={text}")


@pytest.mark.parametrize("profile", IccProfile)
def test_icc_profiles_are_chosen_by_name(profile: IccProfile) -> None:
    assert options_of(f"iccprofile={profile.value}").icc_profile is profile


@pytest.mark.parametrize("text", ["", "YES", "sRGB", "cmyk"])
def test_any_other_icc_profile_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="iccprofile"):
        options_of(f"iccprofile={text}")


def test_a_media_type_without_room_for_a_profile_takes_none() -> None:
    request = parse_rendering(b"iccprofile=yes")
    assert request.of("image/png").media_type == "image/png"
    with pytest.raises(InvalidParameter, match="iccprofile"):
        request.of("image/gif")
    assert parse_rendering(b"iccprofile=no").of("image/gif").icc_profile is IccProfile.NO
    assert parse_rendering(b"").of("image/gif").icc_profile is None


def test_a_presentation_state_takes_a_size_but_no_window_and_no_part() -> None:
    assert parse_presented(b"viewport=10,20&quality=3").options.viewport == Viewport(10, 20)
    with pytest.raises(InvalidParameter, match="window"):
        parse_presented(b"window=40,400,linear")
    with pytest.raises(InvalidParameter, match="viewport"):
        parse_presented(b"viewport=10,20,1,1,5,5")


def test_a_presentation_state_among_others_takes_what_is_for_it() -> None:
    request = parse_rendering(b"window=40,400,linear&viewport=10,20,1,1,5,5&quality=3")
    assert request.presented.options == RenderingOptions(viewport=Viewport(10, 20), quality=3)
    assert parse_rendering(b"").presented.options == RenderingOptions()


def test_a_thumbnail_takes_a_size_only() -> None:
    assert parse_thumbnail(b"") is None
    assert parse_thumbnail(b"viewport=64,64&quality=0&window=no") == Viewport(64, 64)
    with pytest.raises(InvalidParameter, match="viewport"):
        parse_thumbnail(b"viewport=64,64,,,-64")

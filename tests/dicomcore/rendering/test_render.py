import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dicomcore.errors import CorruptFrame, NotAcceptable
from dicomcore.pixels.decoding import encode_pixels
from dicomcore.pixels.image import ImagePixel
from dicomcore.pixels.pixel_format import Decoded, PixelFormat
from dicomcore.rendering.annotation_texts import AnnotationTexts
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.icc_profiles import icc_profile_of
from dicomcore.rendering.luts import Lut, Rescale
from dicomcore.rendering.options import Annotation, IccProfile, RenderingOptions, Viewport, Window
from dicomcore.rendering.overlays import Overlay
from dicomcore.rendering.palette import Palette
from dicomcore.rendering.render import finished, picture_of, render_frame, render_frames

EXPLICIT_LE, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
PNG = RenderingOptions(media_type="image/png")
GIF = RenderingOptions(media_type="image/gif")


def grey_form(rows: int, columns: int, bits: int = 16) -> PixelFormat:
    image = ImagePixel(rows, columns, 1, 16 if bits > 8 else 8, 0, False)
    return PixelFormat(image, "MONOCHROME2", bits, bits - 1)


def colour_form(rows: int, columns: int) -> PixelFormat:
    return PixelFormat(ImagePixel(rows, columns, 3, 8, 0, False), "RGB", 8, 7)


def picture(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)))


RAMP = np.arange(64, dtype="<u2").reshape(8, 8) * 10
CT = FrameDescription(grey_form(8, 8), modality=Rescale(1.0, -100.0), windows=(Window(220.0, 256.0),))


def test_a_frame_becomes_a_picture() -> None:
    shown = picture(render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, CT, PNG))
    assert np.array_equal(shown, np.clip(RAMP.astype(int) - 100 - 92, 0, 255))


def test_a_window_that_was_asked_for_is_used() -> None:
    shown = picture(render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, CT, replace(PNG, window=Window(0.0, 1.0))))
    assert set(shown.ravel()) == {0, 255}


def test_a_compressed_frame_is_decoded_first() -> None:
    frame = encode_pixels(Decoded(RAMP, "MONOCHROME2"), CT.form, RLE)
    assert render_frame(frame, RLE, 1, CT, PNG) == render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, CT, PNG)


def test_a_broken_frame_is_told_by_its_number() -> None:
    with pytest.raises(CorruptFrame, match="frame 7"):
        render_frame(b"\xff\xd8 nothing", JPEG_BASELINE, 7, replace(CT, form=grey_form(8, 8, 8)), PNG)


def test_overlays_are_drawn_at_the_size_of_the_image_and_scaled_with_it() -> None:
    bits = np.packbits(np.eye(8, dtype=np.uint8), bitorder="little").tobytes()
    description = replace(CT, overlays=(Overlay(0x6000, 8, 8, bits=bits),), windows=(Window(1e6, 2.0),))
    assert np.array_equal(picture(render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, description, PNG)), np.eye(8) * 255)
    anonymous = replace(PNG, is_anonymous=True)
    assert not picture(render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, description, anonymous)).any()
    halved = picture(render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, description, replace(PNG, viewport=Viewport(4, 4))))
    assert halved.shape == (4, 4)
    assert halved[0, 0] > 80
    assert halved[0, 3] < 20


def test_pixels_that_are_not_square_are_square_in_a_viewport() -> None:
    description = replace(CT, pixel_aspect=(2.0, 1.0))
    assert picture(render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, description, PNG)).shape == (8, 8)
    shown = render_frame(RAMP.tobytes(), EXPLICIT_LE, 1, description, replace(PNG, viewport=Viewport(32, 32)))
    assert picture(shown).shape == (32, 16)


def test_annotations_are_burned_in_last_and_never_into_anonymous_pictures() -> None:
    black = FrameDescription(grey_form(100, 200, 8), texts=AnnotationTexts(("Doe, Jane",), ("CT",)))
    options = replace(PNG, annotations=frozenset((Annotation.PATIENT,)))
    frame = bytes(100 * 200)
    assert picture(render_frame(frame, EXPLICIT_LE, 1, black, options)).max() > 200
    assert picture(render_frame(frame, EXPLICIT_LE, 1, black, PNG)).max() == 0
    assert picture(render_frame(frame, EXPLICIT_LE, 1, black, replace(options, is_anonymous=True))).max() == 0


def test_palette_colour_is_looked_up() -> None:
    channels = [Lut.of(0, 8, np.array(one)) for one in ([255, 0], [0, 255], [0, 0])]
    form = replace(grey_form(1, 2, 8), photometric_interpretation="PALETTE COLOR")
    shown = render_frame(bytes((0, 1)), EXPLICIT_LE, 1, FrameDescription(form, palette=Palette(*channels)), PNG)
    assert picture(shown).tolist() == [[[255, 0, 0], [0, 255, 0]]]


def test_palette_colour_without_a_palette_is_grey() -> None:
    form = replace(grey_form(1, 2, 8), photometric_interpretation="PALETTE COLOR")
    assert picture(render_frame(bytes((0, 200)), EXPLICIT_LE, 1, FrameDescription(form), PNG)).tolist() == [[0, 200]]


def test_a_supplemental_palette_colours_the_values_from_its_first_on() -> None:
    channels = [Lut.of(1000, 8, np.array(one)) for one in ([255, 0], [9, 255], [0, 8])]
    description = FrameDescription(grey_form(1, 4), palette=Palette(*channels), windows=(Window(128.0, 256.0),))
    shown = picture_of(Decoded(np.array([[0, 255, 1000, 1001]], "<u2"), "MONOCHROME2"), description, PNG)
    assert shown.tolist() == [[[0, 0, 0], [255, 255, 255], [255, 9, 0], [0, 255, 8]]]


def test_colours_are_converted_to_srgb_by_their_profile() -> None:
    frame = bytes((100, 150, 200)) * 4
    description = FrameDescription(colour_form(2, 2), icc_profile=icc_profile_of(IccProfile.ADOBE_RGB))
    assert abs(int(picture(render_frame(frame, EXPLICIT_LE, 1, description, PNG))[0, 0, 0]) - 66) <= 2
    plain = replace(PNG, icc_profile=IccProfile.NO)
    assert picture(render_frame(frame, EXPLICIT_LE, 1, description, plain))[0, 0].tolist() == [100, 150, 200]


def test_the_profile_in_the_stored_jpeg_counts_where_the_data_set_has_none() -> None:
    stream = io.BytesIO()
    adobe = icc_profile_of(IccProfile.ADOBE_RGB)
    Image.new("RGB", (8, 8), (100, 150, 200)).save(stream, "JPEG", quality=100, icc_profile=adobe)
    description = FrameDescription(replace(colour_form(8, 8), photometric_interpretation="YBR_FULL_422"))
    shown = picture(render_frame(stream.getvalue(), JPEG_BASELINE, 1, description, PNG))
    assert abs(int(shown[0, 0, 0]) - 66) <= 4


def test_a_finished_picture_is_a_file() -> None:
    assert finished(np.zeros((2, 2), np.uint8), CT, PNG).startswith(b"\x89PNG")


def frames_of(*levels: int) -> list[bytes]:
    return [np.full((8, 8), level, "<u2").tobytes() for level in levels]


def animated(encoded: bytes) -> list[int]:
    """Return the level of each picture of an animation of plain fields."""
    image = Image.open(io.BytesIO(encoded))
    levels = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        levels.append(int(np.asarray(image.convert("L"))[0, 0]))
    return levels


def test_frames_without_a_window_share_one() -> None:
    description = FrameDescription(grey_form(8, 8))
    assert animated(render_frames(frames_of(0, 500, 1000), EXPLICIT_LE, [description] * 3, GIF)) == [0, 128, 255]


def test_frames_with_windows_have_each_their_own() -> None:
    descriptions = [FrameDescription(grey_form(8, 8), windows=(Window(center, 256.0),)) for center in (128.0, 178.0)]
    assert animated(render_frames(frames_of(100, 100), EXPLICIT_LE, descriptions, GIF)) == [100, 50]


def test_frames_are_shown_for_their_time() -> None:
    description = FrameDescription(grey_form(8, 8))
    encoded = render_frames(frames_of(0, 9), EXPLICIT_LE, [description] * 2, GIF, [30.0, 70.0])
    assert Image.open(io.BytesIO(encoded)).info["duration"] == 30


def test_an_animation_has_the_size_of_its_viewport() -> None:
    description = FrameDescription(grey_form(8, 8))
    encoded = render_frames(frames_of(0, 9), EXPLICIT_LE, [description] * 2, replace(GIF, viewport=Viewport(4, 100)))
    assert Image.open(io.BytesIO(encoded)).size == (4, 4)


def test_an_animation_of_too_many_pixels_is_scaled_down() -> None:
    description = FrameDescription(grey_form(1, 12_000, 8))
    encoded = render_frames([bytes(12_000)] * 2, EXPLICIT_LE, [description] * 2, GIF)
    assert Image.open(io.BytesIO(encoded)).size == (8192, 1)


def test_colour_frames_are_animated_with_their_profile_applied() -> None:
    description = FrameDescription(colour_form(8, 8), icc_profile=icc_profile_of(IccProfile.ADOBE_RGB))
    encoded = render_frames([bytes((100, 150, 200)) * 64], EXPLICIT_LE, [description], GIF)
    assert abs(np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))[0, 0].astype(int)[0] - 66) <= 4


def test_a_broken_frame_of_many_is_told_by_its_number() -> None:
    description = FrameDescription(grey_form(8, 8))
    with pytest.raises(CorruptFrame, match="frame 30"):
        render_frames([bytes(128), bytes(3)], EXPLICIT_LE, [description] * 2, GIF, 100.0, [20, 30])


def test_frames_do_not_move_in_every_media_type() -> None:
    with pytest.raises(NotAcceptable):
        render_frames(frames_of(0), EXPLICIT_LE, [FrameDescription(grey_form(8, 8))], PNG)

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dicomcore.pixels.image import ImagePixel
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.icc_profiles import icc_profile_of
from dicomcore.rendering.options import Annotation, IccProfile, RenderingOptions, Viewport, Window
from dicomcore.rendering.overlays import Overlay
from dicomcore.rendering.stored_picture import JPEG_BASELINE, stored_picture

COLOUR = FrameDescription(PixelFormat(ImagePixel(8, 8, 3, 8, 0, True), "YBR_FULL_422", 8, 7))
GREY = FrameDescription(PixelFormat(ImagePixel(8, 8, 1, 8, 0, False), "MONOCHROME2", 8, 7))
OPTIONS = RenderingOptions()
PIXELS = np.random.default_rng(3).integers(0, 256, (8, 8, 3), np.uint8)


def jpeg(pixels: np.ndarray = PIXELS, **choices: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **choices)
    return stream.getvalue()


def test_a_tile_that_needs_nothing_is_answered_as_it_is() -> None:
    assert stored_picture(jpeg(), JPEG_BASELINE, COLOUR, OPTIONS) == jpeg()
    assert stored_picture(jpeg(PIXELS[..., 0]), JPEG_BASELINE, GREY, OPTIONS) == jpeg(PIXELS[..., 0])


@pytest.mark.parametrize(
    "options",
    [
        RenderingOptions(media_type="image/png"),
        RenderingOptions(quality=90),
        RenderingOptions(viewport=Viewport(8, 8)),
        RenderingOptions(window=Window(1.0, 2.0)),
        RenderingOptions(annotations=frozenset((Annotation.TECHNIQUE,))),
        RenderingOptions(icc_profile=IccProfile.YES),
        RenderingOptions(is_anonymous=True),
    ],
)
def test_whatever_a_request_asks_for_has_to_be_done(options: RenderingOptions) -> None:
    assert stored_picture(jpeg(), JPEG_BASELINE, COLOUR, options) is None


def test_a_tile_with_a_profile_has_to_be_converted_unless_that_is_not_wanted() -> None:
    adobe = icc_profile_of(IccProfile.ADOBE_RGB)
    as_is = replace(OPTIONS, icc_profile=IccProfile.NO)
    described = replace(COLOUR, icc_profile=adobe)
    assert stored_picture(jpeg(), JPEG_BASELINE, described, OPTIONS) is None
    assert stored_picture(jpeg(), JPEG_BASELINE, described, as_is) == jpeg()
    assert stored_picture(jpeg(icc_profile=adobe), JPEG_BASELINE, COLOUR, OPTIONS) is None
    assert stored_picture(jpeg(icc_profile=adobe), JPEG_BASELINE, COLOUR, as_is) is None


@pytest.mark.parametrize(
    "description",
    [
        replace(GREY, windows=(Window(1.0, 2.0),)),
        replace(GREY, presentation_lut_inverse=True),
        replace(GREY, overlays=(Overlay(0x6000, 8, 8, bits=bytes(8)),)),
        replace(GREY, form=replace(GREY.form, photometric_interpretation="MONOCHROME1")),
        replace(GREY, form=replace(GREY.form, image=replace(GREY.form.image, rows=9))),
    ],
)
def test_grey_that_is_not_shown_as_it_is_has_to_be_rendered(description: FrameDescription) -> None:
    assert stored_picture(jpeg(PIXELS[..., 0]), JPEG_BASELINE, description, OPTIONS) is None


def test_rgb_without_a_mark_would_be_taken_for_ybr() -> None:
    rgb = replace(COLOUR, form=replace(COLOUR.form, photometric_interpretation="RGB"))
    stream = jpeg(subsampling=0)
    unmarked = stream[:2] + stream[20:]
    assert stream[2:4] == b"\xff\xe0"
    assert stored_picture(unmarked, JPEG_BASELINE, rgb, OPTIONS) is None
    assert stored_picture(unmarked, JPEG_BASELINE, COLOUR, OPTIONS) == unmarked
    assert stored_picture(jpeg(subsampling=0, keep_rgb=True), JPEG_BASELINE, rgb, OPTIONS) is not None


@pytest.mark.parametrize("frame", [jpeg(progressive=True), b"", jpeg()[:100], b"\0" * 64])
def test_what_is_no_baseline_jpeg_is_no_picture(frame: bytes) -> None:
    assert stored_picture(frame, JPEG_BASELINE, COLOUR, OPTIONS) is None


def test_other_transfer_syntaxes_are_no_pictures() -> None:
    assert stored_picture(jpeg(), "1.2.840.10008.1.2.4.51", COLOUR, OPTIONS) is None

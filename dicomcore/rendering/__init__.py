"""Rendering: from decoded pixels to the picture that a person looks at (PS3.4 Annex N, PS3.18 §8.3.5).

- `options`: what a request may choose
- `description`: what a data set says about how it is shown, for the image and each of its frames
  (`functional_groups`, `lut_items`, `icc_profiles`, `annotation_texts`, `cine`, `overlays`, `planes`)
- `luts`, `grey`, `color`, `palette`, `icc`: from values to greys and colours
- `geometry`, `annotations`: the picture on its page
- `output`, `animation`: pictures as files
- `render`: all of this, for a frame or several; `video_frame` for a video; `stored_picture`: frames that are already
  what is asked for
- `presentation_state`, `presented`: presentation states and what they show (`softcopy`, `subtraction`, `blending`,
  `shutters`, `displayed_area`, `placement`, `graphics` and what draws them on a `sheet`)
- `segmentation`, `segmented`: segmentations over their images
- `card`: what is shown in the place of a picture
"""

from dicomcore.rendering.animation import MOVING_MEDIA_TYPES, can_write
from dicomcore.rendering.card import draw_card
from dicomcore.rendering.cine import animation_frames
from dicomcore.rendering.description import FrameDescription, ImageDescription, describe
from dicomcore.rendering.options import (
    Annotation,
    IccProfile,
    Region,
    RenderingOptions,
    Viewport,
    VoiFunction,
    Window,
)
from dicomcore.rendering.output import RENDERED_MEDIA_TYPES, STILL_MEDIA_TYPES
from dicomcore.rendering.planes import plane_of
from dicomcore.rendering.presentation_state import PresentationState, read_presentation_state
from dicomcore.rendering.presented import PresentedFrame, render_presented
from dicomcore.rendering.references import ImageReference
from dicomcore.rendering.render import render_frame, render_frames
from dicomcore.rendering.segmentation import read_segmentation
from dicomcore.rendering.segmented import render_segmented
from dicomcore.rendering.stored_frame import StoredFrame
from dicomcore.rendering.stored_picture import stored_picture
from dicomcore.rendering.tiles import matrix_offset_of
from dicomcore.rendering.video_frame import render_video_frame

__all__ = [
    "MOVING_MEDIA_TYPES",
    "RENDERED_MEDIA_TYPES",
    "STILL_MEDIA_TYPES",
    "Annotation",
    "FrameDescription",
    "IccProfile",
    "ImageDescription",
    "ImageReference",
    "PresentationState",
    "PresentedFrame",
    "Region",
    "RenderingOptions",
    "StoredFrame",
    "Viewport",
    "VoiFunction",
    "Window",
    "animation_frames",
    "can_write",
    "describe",
    "draw_card",
    "matrix_offset_of",
    "plane_of",
    "read_presentation_state",
    "read_segmentation",
    "render_frame",
    "render_frames",
    "render_presented",
    "render_segmented",
    "render_video_frame",
    "stored_picture",
]

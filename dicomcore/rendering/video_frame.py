"""One picture of a video: the stream is decoded up to it, what follows is as for any frame."""

from __future__ import annotations

from dicomcore.data import Buffer
from dicomcore.errors import CorruptFrame, LimitExceeded
from dicomcore.pixels.codecs.video import video_frames
from dicomcore.pixels.decoding import MAX_FRAME_LENGTH
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.geometry import place
from dicomcore.rendering.options import RenderingOptions
from dicomcore.rendering.render import finished, picture_of


def render_video_frame(
    stream: Buffer,
    transfer_syntax_uid: str,
    frame_number: int,
    description: FrameDescription,
    options: RenderingOptions,
) -> bytes:
    """Render one frame (from 1) of a whole stream to a file of the media type of the options.

    Raises:
        CodecUnavailable: the library that decodes video is not installed.
        CorruptFrame: the stream is broken, or ends before the frame.
        LimitExceeded: its pictures are too large.
    """
    if description.form.image.length > MAX_FRAME_LENGTH:
        raise LimitExceeded("bytes in a decoded frame", MAX_FRAME_LENGTH)
    try:
        decoded = next(video_frames(stream, description.form, [frame_number], transfer_syntax_uid), None)
    except ValueError as error:
        raise CorruptFrame(frame_number, str(error)) from error
    if decoded is None:
        raise CorruptFrame(frame_number, "the video ends before it")
    placed = place(picture_of(decoded, description, options), options, description.pixel_aspect)
    return finished(placed, description, options)

"""Pictures: the rendered forms of what a `Source` holds (PS3.18 §8.7.4, §10.4.1.1.3, §10.4.1.1.4).

- `kinds`: what an instance is shown as, and in which media types
- `frames`: frames and their descriptions, as they are handed to the process that renders them
- `referenced`: the images that presentation states and segmentations are drawn over
- `renderer`: instances and frames; one kind, one method
- `thumbnails`: one small picture that stands for a study, series or instance
- `volumes`: reformations and projections of a series
"""

from dicomcore.pictures.kinds import Kind, kind_of, media_types_of, moving_media_types, no_picture, still_media_types
from dicomcore.pictures.renderer import Renderer
from dicomcore.pictures.thumbnails import THUMBNAIL_MEDIA_TYPES, representative, thumbnail
from dicomcore.pictures.volumes import rendered_volume

__all__ = [
    "THUMBNAIL_MEDIA_TYPES",
    "Kind",
    "Renderer",
    "kind_of",
    "media_types_of",
    "moving_media_types",
    "no_picture",
    "rendered_volume",
    "representative",
    "still_media_types",
    "thumbnail",
]

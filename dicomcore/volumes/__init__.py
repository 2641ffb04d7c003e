"""Volumes: sections, projections and renderings of a series of slices (PS3.18 §8.3.5.3, §10.4.1.1.7, §10.4.1.1.8).

- `options`: what a request may choose
- `slices`: where the frames of an instance lie in the patient
- `geometry`: which slices make up a volume, and where its voxels are
- `volume`: voxels in modality units, and how slices become voxels
- `views`: cameras, and the planes of pictures
- `planning`: which slices a picture needs, and all limits
- `sampling`, `reformation`: sections and slabs, by trilinear interpolation
- `shearing`, `projection`, `transfer`, `compositing`: projections and volume rendering along parallel rays
- `rendered`, `response`: the file with the picture, and the module that tells how it was made; run in worker processes
"""

from dicomcore.volumes.geometry import Grid, Layer, grid_of
from dicomcore.volumes.options import Orientation, Point, RenderingMethod, VolumeKind, VolumeOptions
from dicomcore.volumes.planning import is_moving, needed_frames
from dicomcore.volumes.rendered import render_volume
from dicomcore.volumes.response import rendered_volumetric_metadata
from dicomcore.volumes.slices import VolumeFrame, slices_of

__all__ = [
    "Grid",
    "Layer",
    "Orientation",
    "Point",
    "RenderingMethod",
    "VolumeFrame",
    "VolumeKind",
    "VolumeOptions",
    "grid_of",
    "is_moving",
    "needed_frames",
    "render_volume",
    "rendered_volumetric_metadata",
    "slices_of",
]

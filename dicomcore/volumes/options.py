"""What a request for a rendered volume may choose (PS3.18 §8.3.5.3): values, already checked.

Points and vectors are in millimeters in the patient coordinate system (x to the left, y to the back, z to the head;
PS3.3 §C.7.6.2.1.1). What is None is chosen by the server: see `views` and `rendered`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

Point = tuple[float, float, float]
"""x, y and z in the patient coordinate system, in mm."""


class VolumeKind(enum.Enum):
    """Which of the two resources is asked for, by the values of Reformatting Operation Type (0072,0510)."""

    MPR = "MPR"
    THREE_D = "3D_RENDERING"


class RenderingMethod(enum.Enum):
    """How samples along a ray become one value (PS3.18 §8.3.5.3.3), by the words of ``renderingmethod``."""

    VOLUME_RENDERED = "volume_rendered"
    MAXIMUM_IP = "maximum_ip"
    MINIMUM_IP = "minimum_ip"
    AVERAGE_IP = "average_ip"


class Orientation(enum.Enum):
    """Which side of the patient the camera sees (PS3.18 §8.3.5.3.4).

    Seen from the FEET a section lies as radiologists are used to: the right of the patient on the left of the picture.
    """

    ANTERIOR = "a"
    POSTERIOR = "p"
    RIGHT = "r"
    LEFT = "l"
    HEAD = "h"
    FEET = "f"


@dataclass(frozen=True, slots=True)
class VolumeOptions:
    """What is shown of a volume. ``orientation`` and the three viewpoint parameters exclude each other (§8.3.5.3).

    ``slab`` is in mm; ``swivel_range`` in degrees; ``curve`` the points that the view moves along; ``step_size`` in
    degrees of the swivel or mm of the curve; ``rate`` in pictures a second. ``references`` are SOP Instance UIDs and
    frame numbers that the volume is limited to; an empty tuple is no limit.
    """

    kind: VolumeKind = VolumeKind.MPR
    method: RenderingMethod | None = None
    orientation: Orientation | None = None
    position: Point | None = None
    look_at: Point | None = None
    up: Point | None = None
    slab: float | None = None
    swivel_range: float | None = None
    curve: tuple[Point, ...] = ()
    step_size: float | None = None
    rate: float | None = None
    references: tuple[str, ...] = ()
    wants_metadata: bool = False

    @property
    def is_animated(self) -> bool:
        """Whether more than one picture is asked for."""
        return self.swivel_range is not None or bool(self.curve)

    def takes(self, sop_instance_uid: str, frame_number: int) -> bool:
        """Say whether a frame belongs to the input; a UID takes all frames, a number this frame of every instance."""
        return not self.references or sop_instance_uid in self.references or str(frame_number) in self.references

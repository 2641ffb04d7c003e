"""A stored frame as it travels to the process that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from dicomcore.data import Buffer
from dicomcore.rendering.description import FrameDescription


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """One frame: its bytes, encapsulated as stored or native in little endian, and what to make of them."""

    content: Buffer
    transfer_syntax_uid: str
    frame_number: int
    description: FrameDescription

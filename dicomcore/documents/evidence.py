"""Which series and studies the instances of a document are in (PS3.3 §C.17.2.3), and how they are referred to.

A content item names an instance only; the Current Requested Procedure Evidence Sequence and the Pertinent Other
Evidence Sequence say where it is. Both are needed to make a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dicomcore.documents.codes import read_code
from dicomcore.documents.values import Reference

if TYPE_CHECKING:
    from dicomcore.data import Dataset

MAX_SELECTED = 10_000
"""How many frames, segments or channels one reference keeps."""

_REFERENCED_SOPS = 0x00081199
_CURRENT_EVIDENCE = 0x0040A375
_OTHER_EVIDENCE = 0x0040A385


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a document lists as evidence; ``places`` are (study, series) by SOP Instance UID."""

    current: tuple[Reference, ...]
    other: tuple[Reference, ...]
    places: Mapping[str, tuple[str, str]]

    def located(self, reference: Reference) -> Reference:
        """Complete a reference by the study and the series that its instance is in."""
        study, series = self.places.get(reference.sop_instance_uid, ("", ""))
        return replace(reference, study_instance_uid=study, series_instance_uid=series)


def read_evidence(dataset: Dataset) -> Evidence:
    """Read both evidence sequences of a document."""
    current = _hierarchy(dataset, _CURRENT_EVIDENCE)
    other = _hierarchy(dataset, _OTHER_EVIDENCE)
    places = {one.sop_instance_uid: (one.study_instance_uid, one.series_instance_uid) for one in (*other, *current)}
    return Evidence(current, other, places)


def _hierarchy(dataset: Dataset, tag: int) -> tuple[Reference, ...]:
    """Read the Hierarchical SOP Instance Reference Macro (PS3.3 Table C.17-3)."""
    return tuple(
        replace(
            reference_of(instance),
            study_instance_uid=_uid(study, 0x0020000D),
            series_instance_uid=_uid(series, 0x0020000E),
        )
        for study in dataset.items(tag)
        for series in study.items(0x00081115)
        for instance in series.items(_REFERENCED_SOPS)
    )


def reference_of(item: Dataset) -> Reference:
    """Read the reference macros of COMPOSITE, IMAGE and WAVEFORM (PS3.3 Tables 10-3, C.18.4-1 and C.18.5-1)."""
    presentations = item.items(_REFERENCED_SOPS)
    return Reference(
        sop_class_uid=_uid(item, 0x00081150),
        sop_instance_uid=_uid(item, 0x00081155),
        frames=_integers(item, 0x00081160),
        segments=_integers(item, 0x0062000B),
        channels=_pairs(_integers(item, 0x0040A0B0)),
        presentation=_uid(presentations[0], 0x00081155) if presentations else "",
        purpose=read_code(item, 0x0040A170),
    )


def _uid(item: Dataset, tag: int) -> str:
    """Read a UID, of 64 characters at most (PS3.5 §9.1): it is repeated wherever its instance is referred to."""
    return item.text(tag)[:64]


def _integers(item: Dataset, tag: int) -> tuple[int, ...]:
    return tuple(one for one in item.values(tag)[: 2 * MAX_SELECTED] if isinstance(one, int))


def _pairs(numbers: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(numbers[::2], numbers[1::2], strict=False))

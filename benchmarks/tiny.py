"""Tiny studies to search for: names, identifiers and dates, and one to ten images of 8x8 pixels; never on disk."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass

from benchmarks import part10
from benchmarks.instance import Instance, uid

SAME_NAME = 20
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
_FIRST_DAY = datetime.date(1998, 1, 1)


def tiny_studies(count: int, instances: int | None = None) -> list[TinyStudy]:
    """List ``count`` tiny studies of ``instances`` images each, by default of one and two in turn."""
    return [TinyStudy(number, instances or 1 + number % 2) for number in range(count)]


@dataclass(frozen=True)
class TinyStudy:
    """A study of a patient of its own, with ``instance_count`` images of 8x8 pixels."""

    number: int
    instance_count: int

    @property
    def uid(self) -> str:
        """Study Instance UID."""
        return uid("tiny", self.number)

    @property
    def series_uid(self) -> str:
        """Series Instance UID of its one series."""
        return uid("tiny", self.number, "series")

    @property
    def patient_id(self) -> str:
        """Patient ID, unique to the study."""
        return f"P{self.number:06d}"

    @property
    def family_name(self) -> str:
        """Family name, shared by 20 studies, however many studies there are."""
        number = self.number // SAME_NAME * 7919 % len(_SYLLABLES) ** 3
        parts = [number // len(_SYLLABLES) ** power % len(_SYLLABLES) for power in range(3)]
        return "".join(_SYLLABLES[part] for part in parts).capitalize()

    @property
    def name(self) -> str:
        """Patient's Name."""
        return f"{self.family_name}^{_SYLLABLES[self.number % 60].capitalize()}ra^{'ABCDE'[self.number % 5]}"

    @property
    def date(self) -> str:
        """Study Date: one study a day, so that a range of dates finds as many of them in any number of studies."""
        return (_FIRST_DAY + datetime.timedelta(days=self.number)).strftime("%Y%m%d")

    @functools.cached_property
    def instances(self) -> list[Instance]:
        """The instances, made at the first call."""
        return [self._instance(number) for number in range(1, self.instance_count + 1)]

    def _instance(self, number: int) -> Instance:
        sop = uid("tiny", self.number, number)
        elements = [
            (0x00080005, "CS", "ISO_IR 192"),
            (0x00080008, "CS", "ORIGINAL\\PRIMARY"),
            (0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.1"),
            (0x00080018, "UI", sop),
            (0x00080020, "DA", self.date),
            (0x00080021, "DA", self.date),
            (0x00080030, "TM", f"{self.number % 24:02d}{self.number % 60:02d}00"),
            (0x00080050, "SH", f"T{self.number:07d}"),
            (0x00080060, "CS", "CR"),
            (0x00080070, "LO", "Isocenter"),
            (0x00080090, "PN", "Referring^Doctor"),
            (0x00081030, "LO", f"Chest {self.number % 7}"),
            (0x0008103E, "LO", "PA"),
            (0x00100010, "PN", self.name),
            (0x00100020, "LO", self.patient_id),
            (0x00100030, "DA", f"{1930 + self.number % 70}0704"),
            (0x00100040, "CS", "FM"[self.number % 2]),
            (0x00180015, "CS", "CHEST"),
            (0x00185101, "CS", "PA"),
            (0x0020000D, "UI", self.uid),
            (0x0020000E, "UI", self.series_uid),
            (0x00200010, "SH", str(self.number)),
            (0x00200011, "IS", "1"),
            (0x00200013, "IS", str(number)),
            (0x00280002, "US", 1),
            (0x00280004, "CS", "MONOCHROME2"),
            (0x00280010, "US", 8),
            (0x00280011, "US", 8),
            (0x00280100, "US", 8),
            (0x00280101, "US", 8),
            (0x00280102, "US", 7),
            (0x00280103, "US", 0),
        ]
        header = part10.file_header("1.2.840.10008.5.1.4.1.1.1", sop, part10.EXPLICIT_VR_LITTLE_ENDIAN)
        pixels = part10.encode_native_pixels(bytes((number * 3 + at) % 256 for at in range(64)))
        return Instance(self.uid, self.series_uid, sop, header + part10.encode(elements) + pixels)

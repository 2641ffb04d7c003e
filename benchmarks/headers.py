"""The headers of the corpus: a CT image as a scanner writes it, and the groups of the enhanced CT, the WSI and the SR.

The CT table holds one element per line, ``>`` once per level of nesting,
``-`` where an item begins. Words in braces are filled in per instance. Private blocks are made by rule, because only
their number, size and kind matter here.
"""

from __future__ import annotations

from typing import Any

from benchmarks.part10 import Element, Elements

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2.1"
WSI_IMAGE = "1.2.840.10008.5.1.4.1.1.77.1.6"
US_MULTIFRAME_IMAGE = "1.2.840.10008.5.1.4.1.1.3.1"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"

_CT = r"""
00080005 CS ISO_IR 100
00080008 CS ORIGINAL\PRIMARY\AXIAL
00080012 DA {date}
00080013 TM 101530
00080016 UI 1.2.840.10008.5.1.4.1.1.2
00080018 UI {sop}
00080020 DA {date}
00080021 DA {date}
00080022 DA {date}
00080023 DA {date}
00080030 TM 101112
00080031 TM 101245.120000
00080032 TM 101{minute:03d}.540000
00080033 TM 101{minute:03d}.990000
00080050 SH A{series_number:07d}
00080060 CS CT
00080070 LO GE MEDICAL SYSTEMS
00080080 LO University Hospital
00080081 ST 1 Hospital Road, 12345 Springfield
00080090 PN Referring^Doctor^^Dr.
00081010 SH CT01OC0
00081030 LO CT CHEST ABDOMEN PELVIS W CONTRAST
00081032 SQ
>-
> 00080100 SH CTCAPW
> 00080102 SH L
> 00080104 LO CT chest abdomen pelvis with contrast
0008103E LO {description}
00081040 LO Radiology
00081050 PN Performing^Physician
00081060 PN Reading^Physician
00081070 PN Operator^One
00081090 LO Revolution CT
00081110 SQ
>-
> 00081150 UI 1.2.840.10008.3.1.2.3.1
> 00081155 UI {reference}
00081111 SQ
>-
> 00081150 UI 1.2.840.10008.3.1.2.3.3
> 00081155 UI {reference}
00081140 SQ
>-
> 00081150 UI 1.2.840.10008.5.1.4.1.1.2
> 00081155 UI {reference}
>-
> 00081150 UI 1.2.840.10008.5.1.4.1.1.2
> 00081155 UI {reference}
00082112 SQ
>-
> 00081150 UI 1.2.840.10008.5.1.4.1.1.2
> 00081155 UI {reference}
> 0040A170 SQ
>>-
>> 00080100 SH 121322
>> 00080102 SH DCM
>> 00080104 LO Source image for image processing operation
00100010 PN {name}
00100020 LO {patient}
00100030 DA 19610417
00100040 CS F
00101010 AS 058Y
00101020 DS 1.68
00101030 DS 71.5
001021B0 LT No relevant history. Contrast medium tolerated before.
00102000 LO None
00180010 LO Omnipaque
00180012 SQ
>-
> 00080100 SH C-B0322
> 00080102 SH SRT
> 00080104 LO Iohexol
00180014 SQ
>-
> 00080100 SH G-D101
> 00080102 SH SNM3
> 00080104 LO Intravenous route
00180015 CS CHEST
00180022 CS HELICAL MODE
00180050 DS 1.250000
00180060 DS 120
00180090 DS 500.000000
00181000 LO 000000000000012345
00181020 LO revo_ct_21b.33
00181030 LO 6.12 CHEST ABDOMEN PELVIS
00181040 LO IV
00181041 DS 100
00181049 DS 350
00181100 DS 360.000000
00181110 DS 949.147000
00181111 DS 541.000000
00181120 DS 0.000000
00181130 DS 145.500000
00181140 CS CW
00181150 IS 500
00181151 IS {current}
00181152 IS 14
00181160 SH BODY FILTER
00181170 IS 48000
00181190 DS 1.200000
00181210 SH STANDARD
00185100 CS HFS
00189305 FD 0.5
00189306 FD 0.625
00189307 FD 40.0
00189309 FD 39.375
00189310 FD 78.75
00189311 FD 0.984375
00189323 CS XYZ_EC
00189345 FD 8.41
00189361 CS NO
0020000D UI {study}
0020000E UI {series}
00200010 SH 1042
00200011 IS {series_number}
00200012 IS 1
00200013 IS {number}
00200032 DS -125.000000\-125.000000\{z:.6f}
00200037 DS 1.000000\0.000000\0.000000\0.000000\1.000000\0.000000
00200052 UI {frame_of_reference}
00200060 CS
00201002 IS 100
00201040 LO SN
00201041 DS {z:.6f}
00280002 US 1
00280004 CS MONOCHROME2
00280010 US 512
00280011 US 512
00280030 DS 0.488281\0.488281
00280100 US 16
00280101 US 16
00280102 US 15
00280103 US 1
00280106 SS -2000
00280107 SS 3071
00280120 SS -2000
00281050 DS 40
00281051 DS 400
00281052 DS -1024
00281053 DS 1
00281054 LO HU
00281055 LO SOFT TISSUE
00321033 LO Oncology
00321060 LO CT chest abdomen pelvis
00321064 SQ
>-
> 00080100 SH 71260
> 00080102 SH C4
> 00080104 LO CT thorax with contrast
00400002 DA {date}
00400003 TM 100000
00400006 PN Scheduled^Physician
00400244 DA {date}
00400245 TM 101112
00400253 SH 4711
00400254 LO CT CHEST ABDOMEN PELVIS W CONTRAST
00400260 SQ
>-
> 00080100 SH CTCAPW
> 00080102 SH L
> 00080104 LO CT chest abdomen pelvis with contrast
00400275 SQ
>-
> 00400007 LO CT chest abdomen pelvis
> 00400008 SQ
>>-
>> 00080100 SH CTCAPW
>> 00080102 SH L
>> 00080104 LO CT chest abdomen pelvis with contrast
> 00400009 SH 4711
> 00401001 SH 815
0040E030 UI {reference}
"""

_BINARY = {"US", "SS", "UL", "SL", "FL", "FD"}
# (group, private creator, kinds of value in turn, number of elements)
_PRIVATE_BLOCKS = (
    (0x0009, "GEMS_IDEN_01", "LO SH SH US SL UI", 8),
    (0x0019, "GEMS_ACQU_01", "DS SL SS US DS FL", 24),
    (0x0021, "GEMS_RELA_01", "SS SL SH DS", 6),
    (0x0023, "GEMS_STDY_01", "SL SS FD", 4),
    (0x0025, "GEMS_SERS_01", "SS SL SH", 4),
    (0x0027, "GEMS_IMAG_01", "FL SH SL SS", 8),
    (0x0043, "GEMS_PARM_01", "SS DS FL SL LO IS", 12),
    (0x0045, "GEMS_HELIOS_01", "SS FL SH OB", 6),
)
_PRIVATE_HEADER = bytes(range(256)) * 8


def ct_elements(**values: Any) -> Elements:
    """Build the header of one CT image, without Pixel Data."""
    return _parse(_CT.format(**values)) + _private_elements(int(values["number"]))


def _parse(table: str) -> list[Element]:
    open_items: list[list[Element]] = [[]]
    for line in table.strip().splitlines():
        level = len(line) - len(line.lstrip(">"))
        tag, vr, text = (*line.lstrip("> ").split(" ", 2), "", "")[:3]
        if tag == "-":
            item: list[Element] = []
            open_items[level - 1][-1][2].append(item)
            open_items[level:] = [item]
        else:
            open_items[level].append((int(tag, 16), vr, [] if vr == "SQ" else _typed(vr, text)))
    return open_items[0]


def _typed(vr: str, text: str) -> Any:
    if vr not in _BINARY:
        return text
    return [float(part) if vr in ("FL", "FD") else int(part) for part in text.split("\\")]


def _private_elements(seed: int) -> list[Element]:
    elements: list[Element] = []
    for group, creator, kinds, count in _PRIVATE_BLOCKS:
        elements.append((group << 16 | 0x0010, "LO", creator))
        cycle = kinds.split()
        for number in range(count):
            vr = cycle[number % len(cycle)]
            elements.append((group << 16 | 0x1001 + number, vr, _private_value(vr, number, seed)))
    elements.append((0x00290010, "LO", "SIEMENS CSA HEADER"))
    elements.append((0x00291010, "OB", _PRIVATE_HEADER))
    return elements


def _private_value(vr: str, number: int, seed: int) -> Any:
    if vr in ("FL", "FD"):
        return (number * 31 + seed) % 30000 / 8
    if vr in _BINARY:
        return number * 31
    if vr == "OB":
        return bytes(range(number, number + 64))
    return {"UI": f"1.2.840.113619.6.{number}", "LO": f"Setting {number}", "SH": f"P{number}"}.get(vr, str(number * 7))


def code(value: str, scheme: str, meaning: str) -> list[Element]:
    """Build the one item of a code sequence (PS3.3 §8)."""
    return [(0x00080100, "SH", value), (0x00080102, "SH", scheme), (0x00080104, "LO", meaning)]


def general(sop_class: str, sop: str, study: str, series: str, modality: str, patient: str) -> list[Element]:
    """Build the Patient, Study, Series and SOP Common attributes that every other object of the corpus has."""
    return [
        (0x00080005, "CS", "ISO_IR 192"),
        (0x00080016, "UI", sop_class),
        (0x00080018, "UI", sop),
        (0x00080020, "DA", "19970301"),
        (0x00080021, "DA", "19970301"),
        (0x00080023, "DA", "19970301"),
        (0x00080030, "TM", "121314"),
        (0x00080033, "TM", "121530"),
        (0x00080050, "SH", patient[-8:]),
        (0x00080060, "CS", modality),
        (0x00080070, "LO", "Isocenter"),
        (0x00080090, "PN", "Referring^Doctor"),
        (0x00081030, "LO", f"{modality} study"),
        (0x0008103E, "LO", f"{modality} series"),
        (0x00100010, "PN", f"Zzz^{patient}"),
        (0x00100020, "LO", patient),
        (0x00100030, "DA", "19500101"),
        (0x00100040, "CS", "O"),
        (0x0020000D, "UI", study),
        (0x0020000E, "UI", series),
        (0x00200010, "SH", "1"),
        (0x00200011, "IS", "1"),
        (0x00200013, "IS", "1"),
    ]


def image_pixel(rows: int, columns: int, frames: int, *, colour: bool) -> list[Element]:
    """Build the Image Pixel module (PS3.3 §C.7.6.3) of a multi-frame image."""
    bits = 8 if colour else 16
    elements: list[Element] = [
        (0x00280002, "US", 3 if colour else 1),
        (0x00280004, "CS", "YBR_FULL_422" if colour else "MONOCHROME2"),
        (0x00280008, "IS", str(frames)),
        (0x00280010, "US", rows),
        (0x00280011, "US", columns),
        (0x00280100, "US", bits),
        (0x00280101, "US", bits),
        (0x00280102, "US", bits - 1),
        (0x00280103, "US", 0),
    ]
    return [*elements, (0x00280006, "US", 0)] if colour else elements


def ct_frame_groups(number: int) -> Elements:
    """Build one item of the Per-frame Functional Groups Sequence of the enhanced CT (PS3.3 §A.38)."""
    z = -number * 1.25
    return [
        (0x00189301, "SQ", [[(0x00189302, "CS", "SPIRAL")]]),
        (0x00189304, "SQ", [[(0x00189305, "FD", 0.5), (0x00189306, "FD", 0.625), (0x00189307, "FD", 40.0)]]),
        (0x00189312, "SQ", [[(0x00181110, "FD", 949.1), (0x00189335, "FD", 541.0), (0x00189327, "FD", z)]]),
        (0x00189321, "SQ", [[(0x00181271, "FD", 8.4), (0x00189328, "FD", 500.0), (0x00189330, "FD", 300.0 + number)]]),
        (0x00189325, "SQ", [[(0x00180060, "DS", "120"), (0x00181190, "DS", "1.2"), (0x00181160, "SH", "BODY")]]),
        (
            0x00209111,
            "SQ",
            [
                [
                    (0x00189074, "DT", f"19970301121314.{number:06d}"),
                    (0x00189151, "DT", f"19970301121314.{number:06d}"),
                    (0x00189220, "FD", 500.0),
                    (0x00209056, "SH", "1"),
                    (0x00209057, "UL", number),
                    (0x00209157, "UL", [1, number]),
                ]
            ],
        ),
        (0x00209113, "SQ", [[(0x00200032, "DS", f"-125\\-125\\{z}")]]),
        (0x00209116, "SQ", [[(0x00200037, "DS", "1\\0\\0\\0\\1\\0")]]),
        (0x00289110, "SQ", [[(0x00180050, "DS", "1.25"), (0x00280030, "DS", "0.488281\\0.488281")]]),
        (0x00289132, "SQ", [[(0x00281050, "DS", "40"), (0x00281051, "DS", "400")]]),
        (0x00289145, "SQ", [[(0x00281052, "DS", "-1024"), (0x00281053, "DS", "1"), (0x00281054, "LO", "HU")]]),
    ]


def tile_groups(column: int, row: int, size: int) -> Elements:
    """Build one item of the Per-frame Functional Groups Sequence of the WSI (PS3.3 §A.32.8)."""
    return [
        (0x00209111, "SQ", [[(0x00209157, "UL", [column + 1, row + 1])]]),
        (
            0x0048021A,
            "SQ",
            [
                [
                    (0x0040072A, "DS", f"{row * size / 2000:.4f}"),
                    (0x0040073A, "DS", f"{column * size / 2000:.4f}"),
                    (0x0040074A, "DS", "0"),
                    (0x0048021E, "SL", column * size + 1),
                    (0x0048021F, "SL", row * size + 1),
                ]
            ],
        ),
    ]


def content_item(depth: int, fan: int, number: int = 1) -> Elements:
    """Build a CONTAINER of the SR content tree (PS3.3 §C.17.3) with ``fan`` measurements and one container below."""
    children = [_measurement(number * 100 + leaf) for leaf in range(fan)]
    if depth > 1:
        children.append([(0x0040A010, "CS", "CONTAINS"), *content_item(depth - 1, fan, number + 1)])
    return [
        (0x0040A040, "CS", "CONTAINER"),
        (0x0040A043, "SQ", [code("126010", "DCM", "Imaging Measurements")]),
        (0x0040A050, "CS", "SEPARATE"),
        (0x0040A730, "SQ", children),
    ]


def _measurement(number: int) -> Elements:
    measured = [(0x0040A30A, "DS", f"{number / 7:.4f}"), (0x004008EA, "SQ", [code("mm", "UCUM", "millimeter")])]
    return [
        (0x0040A010, "CS", "CONTAINS"),
        (0x0040A040, "CS", "NUM"),
        (0x0040A043, "SQ", [code("410668003", "SCT", f"Length {number}")]),
        (0x0040A300, "SQ", [measured]),
    ]

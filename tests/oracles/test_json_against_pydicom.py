"""Our DICOM JSON of every file that pydicom ships, and of ../shared/data, equals pydicom's but for named decisions."""

import json
import logging
import struct
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_charset_files, get_testdata_files

from dicomcore.data.file_format import read_file
from dicomcore.data.json_model import BulkdataPolicy, encode_json
from dicomcore.errors import DataError

Attribute = dict[str, Any] | None

ROOT = Path(__file__).resolve().parents[2]
THRESHOLD = 1024
POLICY = BulkdataPolicy(b"bulkdata/", THRESHOLD)
PIXEL_DATA = ("7FE00008", "7FE00009", "7FE00010")


def is_group_length(path: str, ours: Attribute, theirs: Attribute) -> bool:
    return ours is None and path.endswith("0000")


def is_utf8(path: str, ours: Attribute, theirs: Attribute) -> bool:
    return path.endswith("00080005") and ours == {"vr": "CS", "Value": ["ISO_IR 192"]}


def is_bulkdata_by_path(path: str, ours: Attribute, theirs: Attribute) -> bool:
    return ours == {"vr": theirs["vr"], "BulkDataURI": f"bulkdata/{path}"} and theirs.get("BulkDataURI") == "bulk"


def is_pixel_data(path: str, ours: Attribute, theirs: Attribute) -> bool:
    is_pixel_data = path in PIXEL_DATA and "InlineBinary" in theirs
    return is_pixel_data and ours == {"vr": theirs["vr"], "BulkDataURI": f"bulkdata/{path}"}


def is_shortest_float(path: str, ours: Attribute, theirs: Attribute) -> bool:
    if ours["vr"] != "FL" or theirs["vr"] != "FL":
        return False
    count = len(theirs["Value"])
    return struct.pack(f"{count}f", *ours["Value"]) == struct.pack(f"{count}f", *theirs["Value"])


def is_empty_sequence(path: str, ours: Attribute, theirs: Attribute) -> bool:
    return ours == {"vr": "SQ"} and theirs == {"vr": "SQ", "Value": []}


def is_null_or_trimmed(path: str, ours: Attribute, theirs: Attribute) -> bool:
    if ours["vr"] != theirs["vr"] or ours["vr"] in ("ST", "LT", "UT", "UC", "UR") or "Value" not in theirs:
        return False
    values = [value.strip(" ") or None if isinstance(value, str) else value for value in theirs["Value"]]
    return ours.get("Value") == values


DECISIONS: dict[str, Callable[[str, Attribute, Attribute], bool]] = {
    "group lengths are left out (PS3.18 F.2.2)": is_group_length,
    "Specific Character Set is that of the JSON text (F.2)": is_utf8,
    "a BulkDataURI ends with the path of the element": is_bulkdata_by_path,
    "pixel data of the instance are always a BulkDataURI": is_pixel_data,
    "FL has the shortest digits of the same float32": is_shortest_float,
    "an empty sequence has no Value (F.2.5)": is_empty_sequence,
    "an empty value is null (F.2.5), each value is trimmed (PS3.5 6.2)": is_null_or_trimmed,
}


def differences(ours: dict[str, Any], theirs: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any, Any]]:
    for tag in ours.keys() | theirs.keys():
        our, their = ours.get(tag), theirs.get(tag)
        if our == their:
            continue
        if our and their and our["vr"] == their["vr"] == "SQ" and len(our.get("Value", [])) == len(their["Value"]):
            if not their["Value"]:
                yield above + tag, our, their
            for number, items in enumerate(zip(our.get("Value", []), their["Value"], strict=True)):
                yield from differences(*items, f"{above}{tag}/{number}/")
        else:
            yield above + tag, our, their


def decision(path: str, ours: Attribute, theirs: Attribute) -> str | None:
    if ours is None or theirs is None:
        return next(iter(DECISIONS)) if is_group_length(path, ours, theirs) else None
    return next((name for name, applies in DECISIONS.items() if applies(path, ours, theirs)), None)


def files() -> list[Path]:
    found = {Path(name) for name in (*get_testdata_files(), *get_charset_files())}
    found |= set(ROOT.parent.joinpath("shared", "data").rglob("*.dcm"))
    return sorted(path for path in found if path.is_file())


def pydicom_json(path: Path) -> dict[str, Any]:
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, force=True)
        # pydicom counts the base64 text.
        encoded = dataset.to_json_dict(THRESHOLD // 3 * 4 + 4, lambda element: "bulk")
    return json.loads(json.dumps(encoded))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_json_equals_that_of_pydicom_but_for_named_decisions(path: Path) -> None:
    try:
        dataset = read_file(path.read_bytes()).dataset
    except DataError:
        assert path.name in REFUSED
        return
    ours = json.loads(encode_json(dataset, POLICY))
    if path.name in BEYOND_PYDICOM:
        assert ours
        return
    unexplained = [found for found in differences(ours, pydicom_json(path)) if decision(*found) is None]
    assert unexplained == []


# What pydicom ships and is no data set, or not all of one.
REFUSED = {
    "DICOMDIR-nooffset",
    "FileInfo.txt",
    "MR_truncated.dcm",
    "README",
    "README.txt",
    "crayons.icc",
    "no_meta.dcm",
    "rtplan.dump",
    "rtplan_truncated.dcm",
    "rtstruct.dump",
    "test1.json",
    "test_PN.json",
    "zipMR.gz",
}

# An IS of "1A", for which pydicom has no JSON; ours is the string.
BEYOND_PYDICOM = {"badVR.dcm"}


def test_a_value_that_is_no_integer_is_a_string_where_pydicom_has_none() -> None:
    path = next(path for path in files() if path.name == "badVR.dcm")
    ours = json.loads(encode_json(read_file(path.read_bytes()).dataset, POLICY))
    assert "1A" in [value for attribute in ours.values() for value in attribute.get("Value", [])]


def test_every_decision_is_needed() -> None:
    needed = set()
    for name in ("CT_small.dcm", "examples_overlay.dcm", "693_J2KI.dcm", "reportsi.dcm", "JPEG2000.dcm"):
        path = next(path for path in files() if path.name == name)
        ours = json.loads(encode_json(read_file(path.read_bytes()).dataset, POLICY))
        needed |= {decision(*found) for found in differences(ours, pydicom_json(path))}
    assert needed == set(DECISIONS)

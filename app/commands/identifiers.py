"""Identifiers of C-FIND, C-GET and C-MOVE (PS3.4 §C.4) from what was typed: ``PatientID=123``, ``00100020=123``.

A name alone asks for the attribute; a dot leads into a sequence (``RequestAttributesSequence.RequestedProcedureID=7``).
A value is as PS3.4 §C.2.2.2 has it, with wild cards and ranges; several UIDs are separated by backslashes. Text beyond
ASCII is written in the character set of the node.
"""

from collections.abc import Iterable, Sequence

from dicomcore.data import VRS, Dataset, Kind, new_dataset, parse_tag, vr_of
from dicomcore.resources import Level, Resource
from dicomcore.scu import purposes

QUERY_RETRIEVE_LEVEL = 0x00080052
SPECIFIC_CHARACTER_SET = 0x00080005
LEVEL_NAMES = {Level.PATIENT: "PATIENT", Level.STUDY: "STUDY", Level.SERIES: "SERIES", Level.INSTANCE: "IMAGE"}

# What is asked for, and shown, at each level besides what was named.
RETURNED: dict[Level, tuple[str, ...]] = {
    Level.PATIENT: ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    Level.STUDY: (
        "StudyDate",
        "PatientID",
        "PatientName",
        "AccessionNumber",
        "ModalitiesInStudy",
        "StudyDescription",
        "NumberOfStudyRelatedInstances",
        "StudyInstanceUID",
    ),
    Level.SERIES: (
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
        "SeriesInstanceUID",
    ),
    Level.INSTANCE: ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}

_UIDS = ((0x0020000D, "study_instance_uid"), (0x0020000E, "series_instance_uid"), (0x00080018, "sop_instance_uid"))


def find_identifier(level: Level, keys: Sequence[str], character_set: str) -> tuple[Dataset, list[int]]:
    """Make the identifier of a C-FIND, and say which attributes it asks for, in the order in which they are shown.

    Raises ValueError with the key that is wrong.
    """
    identifier = _new(level, keys, character_set)
    shown = []
    for key in (*RETURNED[level], *keys):
        name, is_given, value = key.partition("=")
        path = [_tag(part, key) for part in name.split(".")]
        if is_given or len(path) > 1 or path[0] not in identifier:
            _put(identifier, path, value, key)
        if path[0] not in shown:
            shown.append(path[0])
    return identifier, shown


def retrieve_identifier(resource: Resource) -> Dataset:
    """Make the identifier of a C-GET or C-MOVE of one study, series or instance (PS3.4 §C.4.2.1.4)."""
    identifier = _new(resource.level or Level.STUDY, (), "")
    for tag, name in _UIDS:
        uid = getattr(resource, name)
        if uid is not None:
            identifier.put(tag, "UI", uid)
    return identifier


def find_model(level: Level) -> str:
    """Name the SOP Class to ask at a level: Study Root, which all have, unless it is for patients."""
    return purposes.PATIENT_ROOT_FIND if level is Level.PATIENT else purposes.STUDY_ROOT_FIND


def _new(level: Level, keys: Iterable[str], character_set: str) -> Dataset:
    identifier = new_dataset()
    if not all(key.isascii() for key in keys):
        identifier.put(SPECIFIC_CHARACTER_SET, "CS", *character_set.split("\\"))
    identifier.put(QUERY_RETRIEVE_LEVEL, "CS", LEVEL_NAMES[level])
    return identifier


def _tag(name: str, key: str) -> int:
    tag = parse_tag(name)
    if tag is None:
        raise ValueError(f"{key!r}: there is no attribute {name!r}")
    return tag


def _put(dataset: Dataset, path: Sequence[int], value: str, key: str) -> None:
    tag, vr = path[0], vr_of(path[0])
    if len(path) > 1:
        found = dataset.items(tag)
        item = found[0] if found else new_dataset()
        _put(item, path[1:], value, key)
        dataset.put_items(tag, [item])
    elif not value:
        dataset.put_raw(tag, vr, b"") if vr != "SQ" else dataset.put_items(tag, [])
    elif VRS[vr].kind is Kind.NUMBER:
        dataset.put(tag, vr, _number(value, key))
    elif VRS[vr].kind in (Kind.BINARY, Kind.TAG) or vr == "SQ":
        raise ValueError(f"{key!r}: an attribute of VR {vr} cannot be matched by a text")
    else:
        dataset.put(tag, vr, *value.split("\\"))


def _number(value: str, key: str) -> int | float:
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            continue
    raise ValueError(f"{key!r}: the value must be a number")

"""The DICOM file format (PS3.10 §7.1): preamble, prefix, File Meta Information and the data set.

`read_file` takes what archives and modalities have produced over thirty years: files without preamble, without File
Meta Information, with File Meta Information in another encoding than Explicit VR Little Endian, or with a group length
that is not right. Each of these leaves a warning. Where nothing says how the data set is encoded it must be plain from
its first element, or the bytes are `NotDicom`.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import error as StructError
from struct import unpack_from

from dicomcore import uids
from dicomcore.data.dataset import Buffer, Dataset, new_dataset
from dicomcore.data.dictionary import vr_of
from dicomcore.data.reader import read_dataset, read_span
from dicomcore.data.reading import Alarm
from dicomcore.data.transfer_syntax import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    transfer_syntax,
)
from dicomcore.data.vr import VRS
from dicomcore.data.writer import write_dataset
from dicomcore.errors import MalformedDataset, NotDicom

PREAMBLE_LENGTH = 128
PREFIX = b"DICM"
TRANSFER_SYNTAX_UID = 0x00020010
_MAX_FILE_META = 1 << 20
_VR_CODES = frozenset(vr.encode() for vr in VRS)


@dataclass(frozen=True, slots=True)
class Part10:
    """A file as it was read.

    ``dataset_start`` is the offset in the file of the first byte of the data set, deflated or not. ``warnings`` are
    sentences about what was tolerated.
    """

    preamble: bytes | None
    file_meta: Dataset
    dataset: Dataset
    transfer_syntax: TransferSyntax
    dataset_start: int
    warnings: tuple[str, ...] = ()


def read_file(buffer: Buffer, alarm: Alarm | None = None) -> Part10:
    """Read a Part 10 file, or a data set that lacks the wrapping of one; for ``alarm`` see `read_dataset`."""
    warnings: list[str] = []
    preamble, start = _find_start(buffer, warnings)
    file_meta, dataset_start = _read_file_meta(buffer, start, warnings)
    syntax = _transfer_syntax_of(file_meta, buffer, dataset_start, warnings)
    dataset = _read_as_declared_or_seen(buffer, dataset_start, syntax, warnings, alarm)
    if not len(dataset) and not len(file_meta):
        raise NotDicom("there is no element")
    return Part10(preamble, file_meta, dataset, syntax, dataset_start, tuple(warnings))


def _read_as_declared_or_seen(
    buffer: Buffer,
    start: int,
    syntax: TransferSyntax,
    warnings: list[str],
    alarm: Alarm | None,
) -> Dataset:
    """Read the data set in the encoding that its first element is in, should that plainly not be the declared one."""
    seen = None if syntax.deflated else guess_transfer_syntax(buffer, start)
    if seen is None or (seen.explicit, seen.little_endian) == (syntax.explicit, syntax.little_endian):
        return read_dataset(buffer, syntax, start=start, warnings=warnings, alarm=alarm)
    noted = len(warnings)
    try:
        dataset = read_dataset(buffer, seen, start=start, warnings=warnings, alarm=alarm)
    except MalformedDataset:
        del warnings[noted:]
        return read_dataset(buffer, syntax, start=start, warnings=warnings, alarm=alarm)
    warnings.append(f"the data set is encoded as {seen.name}, not as {syntax.name}")
    return dataset


def _find_start(buffer: Buffer, warnings: list[str]) -> tuple[bytes | None, int]:
    """Find the preamble and where File Meta Information or the data set begins."""
    if bytes(buffer[PREAMBLE_LENGTH : PREAMBLE_LENGTH + 4]) == PREFIX:
        return bytes(buffer[:PREAMBLE_LENGTH]), PREAMBLE_LENGTH + 4
    if bytes(buffer[:4]) == PREFIX:
        warnings.append("there is no preamble before the prefix")
        return None, 4
    if guess_transfer_syntax(buffer, 0) is None:
        raise NotDicom("there is neither a prefix DICM nor a data set at the start")
    warnings.append("there is no preamble and no prefix")
    return None, 0


def guess_transfer_syntax(buffer: Buffer, pos: int) -> TransferSyntax | None:
    """Tell the native transfer syntax from the first element at ``pos``; None if it is no such thing."""
    if len(buffer) < pos + 8:
        return None
    little_group, little_number = unpack_from("<HH", buffer, pos)
    big_group, big_number = unpack_from(">HH", buffer, pos)
    code = bytes(buffer[pos + 4 : pos + 6])
    if code in _VR_CODES:
        if big_group < little_group and _is_known(big_group, big_number):
            return EXPLICIT_VR_BIG_ENDIAN
        return EXPLICIT_VR_LITTLE_ENDIAN if _is_known(little_group, little_number) else None
    (length,) = unpack_from("<I", buffer, pos + 4)
    fits = length <= len(buffer) - pos - 8
    return IMPLICIT_VR_LITTLE_ENDIAN if fits and _is_known(little_group, little_number) else None


def _is_known(group: int, number: int) -> bool:
    tag = group << 16 | number
    return 0 < group <= 0x0100 and (number == 0 or vr_of(tag) != "UN")


def _read_file_meta(buffer: Buffer, start: int, warnings: list[str]) -> tuple[Dataset, int]:
    """Read group 2, in whatever encoding it is; return it and where the data set begins."""
    if len(buffer) < start + 8 or bytes(buffer[start : start + 2]) != b"\x02\0":
        if bytes(buffer[start : start + 2]) == b"\0\x02":
            raise NotDicom("File Meta Information is in big endian byte order")
        warnings.append("there is no File Meta Information")
        return new_dataset(), start
    explicit = bytes(buffer[start + 4 : start + 6]) in _VR_CODES
    if not explicit:
        warnings.append("File Meta Information is in implicit VR")
    end = _end_of_file_meta(buffer, start, explicit)
    file_meta = read_span(buffer, start, end, explicit, True, warnings)
    declared = file_meta.integer(0x00020000)
    first = file_meta.get(0x00020000)
    if first is None or declared is None:
        warnings.append("File Meta Information lacks its group length")
    elif first.end + declared != end:
        warnings.append("the group length of File Meta Information is wrong")
    return file_meta, end


def _end_of_file_meta(buffer: Buffer, start: int, explicit: bool) -> int:
    """Walk over the elements of group 2; its group length is not relied on."""
    pos = start
    limit = min(len(buffer), start + _MAX_FILE_META)
    while pos + 8 <= limit and bytes(buffer[pos : pos + 2]) == b"\x02\0":
        pos = _end_of_element(buffer, pos, explicit)
    if pos > len(buffer) or pos > start + _MAX_FILE_META:
        raise MalformedDataset("File Meta Information is cut off", offset=start, tag=0x00020000)
    return pos


def _end_of_element(buffer: Buffer, pos: int, explicit: bool) -> int:
    try:
        code, short = unpack_from("<2sH", buffer, pos + 4)
        if not explicit:
            return pos + 8 + int(unpack_from("<I", buffer, pos + 4)[0])
        rule = VRS.get(code.decode("latin-1"))
        if rule is None or rule.long_header:
            return pos + 12 + int(unpack_from("<I", buffer, pos + 8)[0])
        return pos + 8 + int(short)
    except StructError as error:
        raise MalformedDataset("File Meta Information is cut off", offset=pos) from error


def _transfer_syntax_of(file_meta: Dataset, buffer: Buffer, start: int, warnings: list[str]) -> TransferSyntax:
    uid = file_meta.text(TRANSFER_SYNTAX_UID)
    if uid:
        return transfer_syntax(uid)
    guessed = guess_transfer_syntax(buffer, start)
    if guessed is not None:
        warnings.append(f"no Transfer Syntax UID; the data set looks like {guessed.name}")
        return guessed
    if not len(file_meta):
        raise NotDicom("no File Meta Information, and no data set that could be told without")
    warnings.append("no Transfer Syntax UID; the data set is taken for the default, Implicit VR Little Endian")
    return IMPLICIT_VR_LITTLE_ENDIAN


def file_header(
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str,
    preamble: bytes | None = None,
    source: str | None = None,
) -> bytes:
    """Build preamble, prefix and File Meta Information; ``source`` is the Source Application Entity Title."""
    file_meta = new_dataset()
    file_meta.put(0x00020001, "OB", b"\0\1")
    file_meta.put(0x00020002, "UI", sop_class_uid)
    file_meta.put(0x00020003, "UI", sop_instance_uid)
    file_meta.put(TRANSFER_SYNTAX_UID, "UI", transfer_syntax_uid)
    file_meta.put(0x00020012, "UI", uids.IMPLEMENTATION_CLASS_UID)
    file_meta.put(0x00020013, "SH", uids.IMPLEMENTATION_VERSION_NAME)
    if source:
        file_meta.put(0x00020016, "AE", source)
    return (bytes(PREAMBLE_LENGTH) if preamble is None else preamble) + PREFIX + encode_file_meta(file_meta)


def encode_file_meta(file_meta: Dataset) -> bytes:
    """Encode group 2 with its group length put right."""
    rest = file_meta.copy()
    rest.remove(0x00020000)
    content = b"".join(write_dataset(rest, EXPLICIT_VR_LITTLE_ENDIAN))
    length = new_dataset()
    length.put(0x00020000, "UL", len(content))
    return b"".join(write_dataset(length, EXPLICIT_VR_LITTLE_ENDIAN)) + content

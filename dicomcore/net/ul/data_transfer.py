"""P-DATA-TF (PS3.8 §9.3.5, Annex E): fragments out of a PDU while it arrives, and data cut into PDUs.

This is the way of every byte of every instance, so nothing is copied: what is read are views of what was fed, what is
written are headers and views of what was given. Nothing is held back but a header of which a part has not come yet.
"""

from __future__ import annotations

from collections.abc import Container
from struct import Struct

from dicomcore.data import Buffer
from dicomcore.errors import MalformedPdu
from dicomcore.net.ul.indications import Fragment, Indication
from dicomcore.net.ul.pdu import PduType

VALUE_HEADER = Struct(">IBB")  # item length, presentation context ID, message control header

_PDU_HEADER = Struct(">BxIIBB")  # of a PDU, and of the only presentation data value in it
_CONTROL = 2  # bytes that an item length counts beside the fragment: context ID and control header
_COMMAND, _LAST = 1, 2  # bits of the control header; the others are not looked at
_UNLIMITED = 262_144  # bytes of a PDU that we send to a peer without a limit
_JOINED = 4096  # bytes that are copied behind their header, to be written in one piece


class PDataReader:
    """Reads the presentation data values of one PDU after the other."""

    __slots__ = ("_context_id", "_is_command", "_is_last", "_kept", "_value_left", "accepted", "left")

    def __init__(self) -> None:
        self.accepted: Container[int] = ()  # the IDs of presentation contexts that data may come in
        self.left = 0  # bytes of the PDU that are still to come
        self._value_left = 0  # bytes of the fragment that are still to come
        self._context_id = 0
        self._is_command = self._is_last = False
        self._kept = bytearray()  # what there is of a header

    def begin(self, length: int) -> None:
        """Start with a PDU whose variable field has ``length`` bytes."""
        if length < VALUE_HEADER.size:
            raise MalformedPdu("a P-DATA-TF PDU has no presentation data value")
        self.left, self._value_left = length, 0
        self._kept.clear()

    def read(self, view: memoryview, offset: int, end: int, fragments: list[Indication]) -> int:
        """Append what there is of this PDU, and return the offset behind it; raises `MalformedPdu`."""
        stop = min(end, offset + self.left)
        while offset < stop:
            if not self._value_left:
                offset = self._read_header(view, offset, stop, fragments)
                continue
            part = min(stop, offset + self._value_left)
            self._value_left -= part - offset
            self.left -= part - offset
            is_last = self._is_last and not self._value_left
            fragments.append(Fragment(self._context_id, self._is_command, is_last, view[offset:part]))
            offset = part
        return offset

    def _read_header(self, view: memoryview, offset: int, stop: int, fragments: list[Indication]) -> int:
        if not self._kept and stop - offset >= VALUE_HEADER.size:
            self.left -= VALUE_HEADER.size
            self._begin_value(fragments, *VALUE_HEADER.unpack_from(view, offset))
            return offset + VALUE_HEADER.size
        if not self._kept and self.left < VALUE_HEADER.size:
            raise MalformedPdu("a P-DATA-TF PDU ends within the header of a presentation data value")
        part = gather(self._kept, VALUE_HEADER.size, view, offset, stop)
        self.left -= part - offset
        if len(self._kept) == VALUE_HEADER.size:
            self._begin_value(fragments, *VALUE_HEADER.unpack(self._kept))
            self._kept.clear()
        return part

    def _begin_value(self, fragments: list[Indication], length: int, context_id: int, control: int) -> None:
        if not _CONTROL <= length <= self.left + _CONTROL:
            raise MalformedPdu(f"a presentation data value of {length} bytes does not fit its PDU")
        if context_id not in self.accepted:
            raise MalformedPdu(f"data in presentation context {context_id}, which was not accepted")
        self._value_left = length - _CONTROL
        self._context_id = context_id
        self._is_command = bool(control & _COMMAND)
        self._is_last = bool(control & _LAST)
        if self._is_last and not self._value_left:  # some peers end a data set like this
            fragments.append(Fragment(context_id, self._is_command, True, memoryview(b"")))


def gather(kept: bytearray, size: int, view: memoryview, offset: int, end: int) -> int:
    """Move bytes to ``kept`` until it has ``size`` of them, and return the offset behind what was moved."""
    part = min(end, offset + size - len(kept))
    kept += view[offset:part]
    return part


def data_pdus(context_id: int, is_command: bool, data: Buffer, is_last: bool, maximum_length: int) -> list[Buffer]:
    """Cut ``data`` into PDUs of at most ``maximum_length`` bytes (0: the peer has no limit), one fragment in each.

    Fragments have an even length, except for the last of odd data. Data that is empty makes a PDU only if it is last.
    """
    room = (min(maximum_length or _UNLIMITED, _UNLIMITED) - VALUE_HEADER.size) & ~1
    view = memoryview(data).cast("B")
    length = len(view)
    if length <= _JOINED and length <= room:
        header = _header(context_id, is_command, is_last, length)
        return [header + view] if length or is_last else []
    pieces: list[Buffer] = []
    for start in range(0, length, room):
        piece = view[start : start + room]
        pieces += (_header(context_id, is_command, is_last and start + room >= length, len(piece)), piece)
    return pieces


def _header(context_id: int, is_command: bool, is_last: bool, length: int) -> bytes:
    control = is_command * _COMMAND | is_last * _LAST
    size = length + _CONTROL
    return _PDU_HEADER.pack(PduType.P_DATA_TF, size + 4, size, context_id, control)

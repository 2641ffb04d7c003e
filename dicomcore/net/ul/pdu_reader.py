"""Bytes into PDUs (PS3.8 §9.3.1), whatever the pieces they come in.

P-DATA-TF is passed on while it arrives (see `data_transfer`). Another PDU is held until it is complete, unless it is
not expected: then its type is enough, and its content is skipped, as is that of a PDU that breaks the rules. So the PDU
after it is understood again, and what happens depends on the bytes and not on how they are cut. Lengths are checked
before anything is held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dicomcore.errors import MalformedPdu
from dicomcore.net.ul.data_transfer import PDataReader, gather
from dicomcore.net.ul.indications import Indication
from dicomcore.net.ul.pdu import HEADER, AbortReason, Pdu, PduType, decode_pdu
from dicomcore.net.ul.state import Event

_P_DATA_TF = int(PduType.P_DATA_TF)
_EVENTS: dict[int, Event] = {
    PduType.ASSOCIATE_RQ: Event.ASSOCIATE_RQ,
    PduType.ASSOCIATE_AC: Event.ASSOCIATE_AC,
    PduType.ASSOCIATE_RJ: Event.ASSOCIATE_RJ,
    PduType.P_DATA_TF: Event.P_DATA_TF,
    PduType.RELEASE_RQ: Event.RELEASE_RQ,
    PduType.RELEASE_RP: Event.RELEASE_RP,
    PduType.ABORT: Event.ABORT,
}


class Receiver(Protocol):
    """Who takes PDUs."""

    def expects(self, event: Event) -> bool:
        """Whether the content of a PDU of this kind matters now."""

    def take(self, event: Event, pdu: Pdu) -> None:
        """Take a PDU that is expected."""

    def refuse(self, event: Event, reason: AbortReason, problem: str) -> None:
        """Take note of a PDU that is not expected, or not valid (`Event.INVALID_PDU`)."""


class PduReader:
    """Reads the PDUs of one direction of a transport connection.

    ``maximum_length`` is that of P-DATA-TF, 0 for any; ``takes_data`` says whether P-DATA-TF is expected, without the
    way through the table that other PDUs take.
    """

    def __init__(self, receiver: Receiver, fragments: list[Indication], maximum_request: int) -> None:
        self.data = PDataReader()
        self.maximum_length = 0
        self.takes_data = False
        self._receiver = receiver
        self._fragments = fragments
        self._maximum_request = maximum_request
        self._read: Callable[[memoryview, int, int], int] = self._read_header
        self._kept = bytearray()  # what there is of the header of a PDU, or of its content
        self._event = Event.INVALID_PDU
        self._pdu_type = 0
        self._left = 0  # bytes to collect, or to skip

    def feed(self, view: memoryview) -> None:
        """Take bytes; fragments are appended to the list, everything else goes to the receiver."""
        offset, end = 0, len(view)
        while offset < end:
            offset = self._read(view, offset, end)

    def stop(self) -> None:
        """Ignore whatever comes."""
        self._read = self._ignore

    # Each of these takes what it can, says how to go on, and returns the offset of what is next.

    def _read_header(self, view: memoryview, offset: int, end: int) -> int:
        if not self._kept and end - offset >= HEADER.size:
            pdu_type, length = HEADER.unpack_from(view, offset)
            offset += HEADER.size
        else:
            offset = gather(self._kept, HEADER.size, view, offset, end)
            if len(self._kept) < HEADER.size:
                return offset
            pdu_type, length = HEADER.unpack(self._kept)
            self._kept.clear()
        if pdu_type == _P_DATA_TF and self.takes_data:
            self._begin_data(length)
        else:
            self._begin(pdu_type, length)
        return offset if length else self._read(view, offset, offset)

    def _begin(self, pdu_type: int, length: int) -> None:
        event = _EVENTS.get(pdu_type, Event.INVALID_PDU)
        if event is Event.INVALID_PDU:
            self._refuse(length, f"no PDU has type {pdu_type:02X}H", AbortReason.UNRECOGNIZED_PDU)
        elif not self._receiver.expects(event):
            self._refuse(length, f"{event.name} is not expected", AbortReason.UNEXPECTED_PDU, event)
        elif length > self._maximum_request:
            self._refuse(length, f"a PDU of {length} bytes is longer than any may be")
        else:
            self._event, self._pdu_type, self._left, self._read = event, pdu_type, length, self._read_pdu

    def _begin_data(self, length: int) -> None:
        if length > self.maximum_length > 0:
            self._refuse(length, f"a P-DATA-TF PDU of {length} bytes is longer than we said we can receive")
            return
        try:
            self.data.begin(length)
        except MalformedPdu as error:
            self._refuse(length, str(error))
        else:
            self._read = self._read_data

    def _read_data(self, view: memoryview, offset: int, end: int) -> int:
        left = self.data.left
        if not self.takes_data:  # aborted by us in the middle of a PDU
            self._skip_next(left)
            return offset
        try:
            stop = self.data.read(view, offset, end, self._fragments)
        except MalformedPdu as error:
            self._refuse(left, str(error))
            return offset
        if not self.data.left:
            self._read = self._read_header
        return stop

    def _read_pdu(self, view: memoryview, offset: int, end: int) -> int:
        offset = gather(self._kept, self._left, view, offset, end)
        if len(self._kept) == self._left:
            body = bytes(self._kept)
            self._kept.clear()
            self._read = self._read_header
            self._take(body)
        return offset

    def _take(self, body: bytes) -> None:
        try:
            pdu = decode_pdu(self._pdu_type, body)
        except MalformedPdu as error:
            self._refuse(0, str(error))
            return
        self._receiver.take(self._event, pdu)

    def _refuse(
        self,
        length: int,
        problem: str,
        reason: AbortReason = AbortReason.INVALID_PDU_PARAMETER,
        event: Event = Event.INVALID_PDU,
    ) -> None:
        self._skip_next(length)
        self._receiver.refuse(event, reason, problem)

    def _skip_next(self, length: int) -> None:
        self._left, self._read = length, self._skip if length else self._read_header

    def _skip(self, _: memoryview, offset: int, end: int) -> int:
        stop = min(end, offset + self._left)
        self._skip_next(self._left - (stop - offset))
        return stop

    def _ignore(self, _: memoryview, __: int, end: int) -> int:
        return end

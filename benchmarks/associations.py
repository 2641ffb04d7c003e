"""DICOM associations from a blocking socket, doing as little as possible: messages are encoded before the clock starts.

The PDUs are those of `dicomcore.net.ul`; what is measured is the server, so responses are only looked at as far as
their status and the sub-operations that have to be answered.
"""

from __future__ import annotations

import functools
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from dicomcore.net.dimse.commands import Command, CStoreRQ, CStoreRSP, decode, encode
from dicomcore.net.ul.items import (
    ContextResult,
    PresentationContextAC,
    PresentationContextRQ,
    RoleSelection,
    UserInformation,
)
from dicomcore.net.ul.pdu import AssociateAC, AssociateRQ, ReleaseRP, ReleaseRQ, decode_pdu

_HEADER = struct.Struct(">BxI")
_VALUE = struct.Struct(">IBB")
_RECEIVE = 1 << 20
_TIMEOUT = 120.0
_P_DATA, _RELEASE_RQ, _ABORT = 4, 5, 7


@dataclass
class Association:
    """One association as requestor; ``contexts`` are abstract syntaxes with their transfer syntaxes, from id 1 on."""

    host: str
    port: int
    contexts: Sequence[tuple[str, Sequence[str]]]
    called_ae_title: str = "ISOCENTER"
    calling_ae_title: str = "BENCHMARK"
    we_are_scp: bool = False
    maximum_length: int = 0
    pdus: _Pdus = field(init=False)

    def __post_init__(self) -> None:
        self.socket = socket.create_connection((self.host, self.port), timeout=_TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pdus = _Pdus(self.socket)
        proposed = tuple(
            PresentationContextRQ(2 * number + 1, abstract, tuple(transfer))
            for number, (abstract, transfer) in enumerate(self.contexts)
        )
        roles = tuple(RoleSelection(abstract, True, True) for abstract, _ in self.contexts) if self.we_are_scp else ()
        information = UserInformation(maximum_length=_RECEIVE, role_selections=roles)
        self.socket.sendall(AssociateRQ(self.called_ae_title, self.calling_ae_title, proposed, information).encode())
        answer = decode_pdu(*self.pdus.next())
        if not isinstance(answer, AssociateAC):
            raise ConnectionError(f"no association: {answer}")
        self.maximum_length = answer.user_information.maximum_length
        self.accepted = {
            one.context_id for one in answer.presentation_contexts if one.result == ContextResult.ACCEPTANCE
        }

    def message(self, context_id: int, command: Command, dataset: bytes = b"") -> bytes:
        """Encode a message in the PDUs that the peer can take."""
        room = min(self.maximum_length or _RECEIVE, _RECEIVE) - _VALUE.size
        pieces = [_value(context_id, 3, encode(command))]
        for start in range(0, len(dataset), room):
            piece = dataset[start : start + room]
            pieces.append(_value(context_id, 2 if start + room >= len(dataset) else 0, piece))
        return b"".join(pieces)

    def responses(self) -> Iterator[Command]:
        """The commands that come; sub-operations are answered with success."""
        for context_id, command in self.pdus.commands():
            if isinstance(command, CStoreRQ):
                self.socket.sendall(_value(context_id, 3, encode(_stored(command))))
            else:
                yield command

    def final(self) -> tuple[int, int]:
        """Wait for a response that is not pending; return its status and how many were before it."""
        for pending, response in enumerate(self.responses()):
            status = getattr(response, "status", 0)
            if status not in (0xFF00, 0xFF01):
                return status, pending
        raise ConnectionError("the association ended before the last response")

    def release(self) -> None:
        """End the association in order."""
        with suppress(OSError):
            self.socket.sendall(ReleaseRQ().encode())
            self.pdus.next()
        self.socket.close()


def _value(context_id: int, control: int, data: bytes) -> bytes:
    return _HEADER.pack(_P_DATA, len(data) + 6) + _VALUE.pack(len(data) + 2, context_id, control) + data


def _stored(command: CStoreRQ) -> CStoreRSP:
    return CStoreRSP(
        message_id_being_responded_to=command.message_id,
        status=0,
        affected_sop_class_uid=command.affected_sop_class_uid,
        affected_sop_instance_uid=command.affected_sop_instance_uid,
    )


@functools.lru_cache(maxsize=16)
def _decoded(command_set: bytes) -> Command:
    """A command set; pending responses are all the same."""
    return decode(command_set)


class _Pdus:
    """The PDUs that come over a socket."""

    def __init__(self, source: socket.socket) -> None:
        self._socket = source
        self._buffer = bytearray()
        self._spare = bytearray(_RECEIVE)
        self.received = 0

    def next(self) -> tuple[int, bytes]:
        """Type and body of the next PDU; raises `ConnectionError` when the peer is gone."""
        pdu_type, length = _HEADER.unpack(self._take(_HEADER.size))
        return pdu_type, self._take(length)

    def commands(self) -> Iterator[tuple[int, Command]]:
        """The commands that come; data sets are counted and dropped. Ends with the association."""
        waiting: tuple[int, Command] | None = None
        while True:
            pdu_type, body = self.next()
            if pdu_type != _P_DATA:
                if pdu_type == _RELEASE_RQ:
                    self._socket.sendall(ReleaseRP().encode())
                return
            position = 0
            while position < len(body):
                length, context_id, control = _VALUE.unpack_from(body, position)
                end = position + 4 + length
                if control & 1:
                    command = _decoded(body[position + _VALUE.size : end])
                    if isinstance(command, CStoreRQ):
                        waiting = context_id, command  # answered when its data set is complete
                    else:
                        yield context_id, command
                elif control & 2 and waiting is not None:
                    self.received += 1
                    yield waiting
                    waiting = None
                position = end

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            got = self._socket.recv_into(self._spare)
            if not got:
                raise ConnectionError("the peer closed the connection")
            self._buffer += memoryview(self._spare)[:got]
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


class Sink:
    """A storage provider that answers success to everything and keeps nothing: where C-MOVE sends to."""

    ae_title = "SINK"

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.received = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pdus = _Pdus(peer)
        with suppress(ConnectionError, OSError), peer:
            rq = decode_pdu(*pdus.next())
            if isinstance(rq, AssociateRQ):
                peer.sendall(_accepting(rq).encode())
            for context_id, command in pdus.commands():
                if isinstance(command, CStoreRQ):
                    self.received += 1
                    peer.sendall(_value(context_id, 3, encode(_stored(command))))


def _accepting(rq: AssociateRQ) -> AssociateAC:
    contexts = tuple(
        PresentationContextAC(one.context_id, ContextResult.ACCEPTANCE, one.transfer_syntaxes[0])
        for one in rq.presentation_contexts
    )
    return AssociateAC(rq.called_ae_title, rq.calling_ae_title, contexts, UserInformation(maximum_length=_RECEIVE))

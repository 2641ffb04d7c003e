"""The dull part between asyncio and `Association`: bytes in, bytes out, the ARTIM timer, and flow control.

TCP is used as PS3.8 §9.1 wants it: no lingering at the end, and no delay of small segments (Nagle's algorithm would
hold back a command until the peer has acknowledged the data set before it). A connection that is closed while its peer
takes nothing is cut off after a few seconds: nobody who is silent keeps a descriptor.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from dicomcore.net.ul.association import Association, Indication, TransportClosed

READ_SIZE = 262_144  # bytes
WRITE_HIGH, WRITE_LOW = 1 << 20, 1 << 18  # bytes not yet written, above and below which writers wait and go on
_PATIENCE_AT_END = 5.0  # seconds in which the last bytes have to be written
_SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, struct.pack("i", 1)),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, struct.pack("i", 1)),
    (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0)),
)


class Driver(asyncio.Protocol):
    """Drives one association over one transport connection."""

    def __init__(
        self,
        association: Association,
        artim: float,
        take: Callable[[Indication], None],
        connected: Callable[[], None] | None = None,
    ) -> None:
        self.association = association
        self.peer_address = ""
        self.tls: object = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_received = 0.0  # loop time, or the time at which reading was resumed
        self.blocked_since: float | None = None  # loop time since which nothing of what is to be written has gone
        self.is_reading = True
        self._blocked_size = 0
        self._loop = asyncio.get_running_loop()
        self._artim = artim
        self._artim_started = 0
        self._artim_timer: asyncio.TimerHandle | None = None
        self._end_timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._take = take
        self._connected = connected

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(WRITE_HIGH, WRITE_LOW)
        connection = transport.get_extra_info("socket")
        for level, option, value in _SOCKET_OPTIONS:
            connection.setsockopt(level, option, value)
        self.last_received = self._loop.time()
        self.peer_address = str(transport.get_extra_info("peername", ("",))[0])
        self.tls = transport.get_extra_info("ssl_object")
        if self._connected is not None:
            self._connected()
        self._pass_on(self.association.transport_connected())

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self.last_received = self._loop.time()
        self._pass_on(self.association.receive(data))

    def eof_received(self) -> bool:
        """Close: an association needs both directions."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End; whoever waits for the peer is told."""
        for timer in (self._artim_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        for indication in self.association.transport_closed() or [TransportClosed()]:
            self._take(indication)
        self.resume_writing()
        self._transport = None
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Make writers wait: the peer does not take as much as we have."""
        self._room.clear()
        self.blocked_since = self._loop.time()
        self._blocked_size = self.unwritten

    def resume_writing(self) -> None:
        """Let writers go on."""
        self.blocked_since = None
        self._room.set()

    # The connection

    def flush(self) -> None:
        """Do what the association wants: write, start or stop the ARTIM timer, close."""
        if self._transport is None:
            return
        output = self.association.take_output()
        if output and not self._transport.is_closing():
            self._transport.writelines(cast(list[bytes | memoryview], output))
        if self.association.artim != self._artim_started:
            self._set_artim(self.association.artim)
        if self.association.should_close:
            self.close()

    async def drain(self) -> None:
        """Wait until there is room for more to be written."""
        await self._room.wait()

    def close(self) -> None:
        """Close the transport connection after what is still to be written."""
        if self._transport is not None and self._end_timer is None:
            self._transport.close()
            self._end_timer = self._loop.call_later(_PATIENCE_AT_END, self.cut)

    def cut(self) -> None:
        """Close the transport connection and forget what is still to be written."""
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        """Let the peer wait."""
        if self.is_reading and self._transport is not None and not self._transport.is_closing():
            self.is_reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on."""
        if not self.is_reading:
            self.is_reading = True
            self.last_received = self._loop.time()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def note_progress(self) -> None:
        """Count the time without room anew if something has gone meanwhile."""
        if self.blocked_since is not None and self.unwritten != self._blocked_size:
            self.blocked_since = self._loop.time()
            self._blocked_size = self.unwritten

    @property
    def unwritten(self) -> int:
        """How many bytes are still to be written."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def transport_socket(self) -> socket.socket | None:
        """The socket, to look at; None when the connection is closed."""
        return None if self._transport is None else self._transport.get_extra_info("socket")

    # Inside

    def _pass_on(self, indications: list[Indication]) -> None:
        for indication in indications:
            self._take(indication)
        self.flush()

    def _set_artim(self, started: int) -> None:
        self._artim_started = started
        if self._artim_timer is not None:
            self._artim_timer.cancel()
        self._artim_timer = self._loop.call_later(self._artim, self._artim_expired) if started else None

    def _artim_expired(self) -> None:
        self._artim_timer = None
        self._pass_on(self.association.artim_expired())

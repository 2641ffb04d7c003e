"""One association over one transport connection, for whoever speaks DIMSE: messages in, messages out.

Both roles are the same here; who asked for the association only matters while it begins and ends. A peer that does not
answer in time (`Timeouts`) is aborted. Data sets are streamed both ways, at the speed of the slower side.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Callable, Iterable
from types import TracebackType
from typing import Any

from dicomcore.data import Buffer
from dicomcore.errors import (
    AssociationAborted,
    AssociationRejected,
    AssociationTimeout,
    MalformedCommand,
    NetworkError,
    PeerUnreachable,
    UnexpectedCall,
)
from dicomcore.net.agreement import Agreement
from dicomcore.net.dimse.commands import Command, encode
from dicomcore.net.driver import Driver
from dicomcore.net.inbox import Inbox, Message
from dicomcore.net.proposal import Address, Proposal, Timeouts
from dicomcore.net.reasons import reason_of
from dicomcore.net.streams import DataStream
from dicomcore.net.ul.association import (
    MAXIMUM_LENGTH,
    AbortIndication,
    AssociateConfirmation,
    AssociateIndication,
    Association,
    Fragment,
    Indication,
    ReleaseConfirmation,
    ReleaseIndication,
    Role,
    TransportClosed,
)
from dicomcore.net.ul.pdu import AssociateAC, AssociateRJ, AssociateRQ
from dicomcore.net.ul.state import State
from dicomcore.net.watch import Awaited, Watch

__all__ = ["Address", "Connection", "DataStream", "Message", "Proposal", "Timeouts", "connect"]

logger = logging.getLogger(__name__)

_SENDS_IN_A_ROW = 8  # messages after which the event loop gets its turn, and a C-CANCEL the chance to arrive
_OPEN = (State.ESTABLISHED, State.AWAITING_RELEASE_RESPONSE)


class Connection(Agreement):
    """An association, made by `connect` or by a `Listener`. ``async with`` releases it at the end, or aborts it.

    An acceptor is given three functions: ``connected`` hears of the transport connection, ``decide`` answers the
    request, ``established`` hears of the association.
    """

    def __init__(
        self,
        role: Role,
        timeouts: Timeouts,
        *,
        maximum_length: int = MAXIMUM_LENGTH,
        connected: Callable[[Connection], None] | None = None,
        decide: Callable[[Connection, AssociateRQ], AssociateAC | AssociateRJ] | None = None,
        established: Callable[[Connection], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        association = Association(role, maximum_length=maximum_length)
        driver = Driver(association, timeouts.artim, self._take, connected and (lambda: connected(self)))
        super().__init__(association, driver)
        self.timeouts = timeouts
        self.confirmation: asyncio.Future[AssociateAC | AssociateRJ] = self._loop.create_future()
        self._decide = decide
        self._established = established
        self._inbox = Inbox(lambda: association.accepted, driver.pause_reading, driver.resume_reading)
        self._watch = Watch(self._awaited, self._expire, min(timeouts.dimse, timeouts.idle))
        self._receiver: asyncio.Future[None] | None = None
        self._receives_since = 0.0
        self._message_id = 0
        self._sending = asyncio.Lock()
        self._sends = 0
        self._failure: NetworkError | None = None
        self._is_ending = False
        self._is_winding_down = False
        self._released: asyncio.Future[None] = self._loop.create_future()

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self.association.state in _OPEN and self._failure is None and not self._is_ending

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way: the next message is waited for."""
        return self._receiver is not None and self._inbox.is_idle

    def next_message_id(self) -> int:
        """Return a Message ID that no outstanding request has (PS3.7 §9.1.1.1.1)."""
        while True:
            self._message_id = self._message_id % 0xFFFF + 1
            if self._message_id not in self._inbox.outstanding:
                return self._message_id

    # Receiving

    async def receive(self) -> Message | None:
        """Return the next message; None when the association is released, which has been answered then.

        What is left of the data set of the message before is dropped. Raises `AssociationAborted`, also when the
        connection is lost, `AssociationTimeout` and `MalformedCommand`.
        """
        self._inbox.drop_rest()
        while not self._inbox:
            if self._failure is not None:
                raise self._failure
            if self._is_over():
                return None
            if self._is_winding_down and self._inbox.is_idle:
                await self.release()
                return None
            await self._wait()
        return self._inbox.next()

    def poll_cancel(self, message_id: int) -> bool:
        """Whether a C-CANCEL-RQ for this request has come (PS3.7 §9.3.2.3); asked between two responses."""
        return self._inbox.is_cancelled(message_id)

    def _is_over(self) -> bool:
        if self.association.state is State.AWAITING_RELEASE_RESPONSE:
            self._respond_to_release()
        return self._is_ending or self.association.state is not State.ESTABLISHED

    async def _wait(self) -> None:
        if self._receiver is not None:
            raise UnexpectedCall("two wait for the next message of one association")
        self._receiver = self._loop.create_future()
        self._receives_since = self._loop.time()
        try:
            await self._receiver
        finally:
            self._receiver = None

    def _wake(self) -> None:
        if self._receiver is not None and not self._receiver.done():
            self._receiver.set_result(None)

    # Sending

    async def send(
        self,
        context_id: int,
        command: Command,
        data: AsyncIterable[Buffer] | Iterable[Buffer] | None = None,
    ) -> None:
        """Send a message; ``data`` is its data set, in buffers that nobody may change afterwards.

        Waits while the peer takes nothing. When ``data`` ends with an exception, or this is cancelled in the middle,
        the association is aborted: there is no other way to say that a data set is incomplete.
        """
        if command.has_dataset != (data is not None):
            raise UnexpectedCall(f"{type(command).__name__} says otherwise about its data set")
        async with self._sending:
            self._check_open()
            message_id = getattr(command, "message_id", None)
            if message_id is not None:
                self._inbox.outstanding[message_id] = None
            try:
                self.association.send_data(context_id, True, encode(command), True)
                if data is not None:
                    await self._send_data(context_id, data)
            except BaseException:
                self.abort()
                raise
            self.driver.flush()
            await self._let_others()

    async def send_encoded(self, context_id: int, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Send short responses in one go, each as command set and data set that are encoded already."""
        async with self._sending:
            self._check_open()
            for command, dataset in messages:
                self.association.send_data(context_id, True, command, True)
                self.association.send_data(context_id, False, dataset, True)
            self.driver.flush()
            await self._let_others()

    async def _send_data(self, context_id: int, data: AsyncIterable[Buffer] | Iterable[Buffer]) -> None:
        """Send buffers one behind, since the last one has to say so."""
        held: Buffer = b""
        if isinstance(data, AsyncIterable):
            async for buffer in data:
                await self._send_some(context_id, held)
                held = buffer
        else:
            for buffer in data:
                await self._send_some(context_id, held)
                held = buffer
        self._check_open()
        self.association.send_data(context_id, False, held, True)

    async def _send_some(self, context_id: int, buffer: Buffer) -> None:
        if len(buffer):
            self._check_open()
            self.association.send_data(context_id, False, buffer, False)
            self.driver.flush()
            await self.driver.drain()

    async def _let_others(self) -> None:
        self._sends += 1
        if self._sends % _SENDS_IN_A_ROW == 0:
            await asyncio.sleep(0)
        await self.driver.drain()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self.is_open:
            raise UnexpectedCall("the association is over")

    # The end

    async def release(self) -> None:
        """End the association in order (PS3.8 §7.2); abort it if the peer does not agree in time."""
        if not self.is_open:
            return
        self._is_ending = True
        self._inbox.drop_all()
        self.driver.resume_reading()
        if self.association.state is State.AWAITING_RELEASE_RESPONSE:
            self._respond_to_release()
            return
        self.association.release()
        self.driver.flush()
        try:
            async with asyncio.timeout(self.timeouts.association):
                await asyncio.shield(self._released)
        except TimeoutError:
            self.abort()

    def abort(self, source: int = 0, reason: int = 0) -> None:
        """End the association at once (PS3.8 §7.3)."""
        self._fail(AssociationAborted(source, reason, "we aborted the association"))
        if self.association.state is not State.IDLE:
            self.association.abort(source, reason)
            self.driver.flush()

    async def closed(self) -> None:
        """Wait until the transport connection is closed."""
        await asyncio.shield(self.driver.closed)

    def wind_down(self) -> None:
        """Release the association as soon as nothing is under way: `receive` does it."""
        self._is_winding_down = True
        self._wake()

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.release()
        elif self.is_open:
            self.abort()

    def _respond_to_release(self) -> None:
        self._is_ending = True
        self.association.respond_to_release()
        self.driver.flush()

    def _fail(self, error: NetworkError) -> None:
        if self._failure is None:
            self._failure = error
        self._inbox.fail(error)
        self._finish(error)

    def _finish(self, error: NetworkError | None = None) -> None:
        """Tell everybody who waits for something that will not come any more."""
        self._watch.stop()
        if not self._released.done():
            self._released.set_result(None)
        if not self.confirmation.done():
            self.confirmation.set_exception(error or AssociationAborted(0, 0, "the connection was closed"))
            self.confirmation.exception()  # looked at, since an acceptor has nobody who waits for it
        self.driver.resume_reading()
        self._wake()

    # What happens

    def _take(self, indication: Indication) -> None:
        if type(indication) is Fragment:
            self._take_fragment(indication)
        else:
            _TAKERS[type(indication)](self, indication)

    def _take_fragment(self, fragment: Fragment) -> None:
        if self._failure is not None or self._is_ending:
            return
        try:
            if self._inbox.take(fragment):
                self._wake()
        except MalformedCommand as error:
            logger.info("association aborted: %s", error, extra=self.facts())
            self._fail(error)
            self.association.abort()

    def _take_request(self, indication: AssociateIndication) -> None:
        if self._decide is None or self.association.state is not State.AWAITING_ASSOCIATE_RESPONSE:
            return  # what came in the same breath has ended it already
        answer = self._decide(self, indication.rq)
        if isinstance(answer, AssociateAC):
            self.association.accept(answer)
            self._begin(answer)
            if self._established is not None:
                self._established(self)
        else:
            logger.info("association %s", answer, extra=self.facts())
            self.association.reject(answer)

    def _take_confirmation(self, indication: AssociateConfirmation) -> None:
        if isinstance(indication.answer, AssociateAC):
            self._begin(indication.answer)
        if not self.confirmation.done():
            self.confirmation.set_result(indication.answer)

    def _begin(self, answer: AssociateAC) -> None:
        self._answer = answer
        logger.debug("association established", extra=self.facts())
        self._watch.start()

    def _take_release(self, _: ReleaseIndication) -> None:
        """Agree at once, unless an operation may be under way that we perform: that one still answers."""
        if self._is_ending or self.association.role is Role.REQUESTOR:
            self._respond_to_release()
        self._wake()

    def _take_release_confirmation(self, _: ReleaseConfirmation) -> None:
        logger.debug("association released", extra=self.facts())
        self._finish()

    def _take_abort(self, indication: AbortIndication) -> None:
        sentence = indication.problem or "the peer aborted the association"
        logger.info("association aborted: %s", sentence, extra=self.facts())
        self._fail(AssociationAborted(indication.source, indication.reason, sentence))

    def _take_close(self, _: TransportClosed) -> None:
        self._finish()

    # Timers

    def _awaited(self) -> Awaited | None:
        """What we wait for from the peer; nothing while it is us who are busy."""
        driver, timeouts = self.driver, self.timeouts
        driver.note_progress()
        if driver.blocked_since is not None:
            return Awaited("readiness to take data", timeouts.dimse, driver.blocked_since)
        if not driver.is_reading:
            return None
        if self._inbox.is_receiving:
            return Awaited("rest of a data set", timeouts.dimse, driver.last_received)
        if self._receiver is None:
            return None
        if self._inbox.outstanding:
            return Awaited("response", timeouts.dimse, self._receives_since)
        return Awaited("message", timeouts.idle, self._receives_since)

    def _expire(self, awaited: Awaited) -> None:
        logger.info("association aborted: no %s in time", awaited.what, extra=self.facts())
        self._fail(AssociationTimeout(awaited.what, awaited.limit))
        self.abort()
        if self.driver.blocked_since is not None:
            self.driver.cut()  # what says that it is over would wait as well


_TAKERS: dict[type, Callable[[Connection, Any], None]] = {
    AssociateIndication: Connection._take_request,
    AssociateConfirmation: Connection._take_confirmation,
    ReleaseIndication: Connection._take_release,
    ReleaseConfirmation: Connection._take_release_confirmation,
    AbortIndication: Connection._take_abort,
    TransportClosed: Connection._take_close,
}


async def connect(address: Address, proposal: Proposal, timeouts: Timeouts | None = None) -> Connection:
    """Ask an application entity for an association.

    Raises `PeerUnreachable`, `AssociationRejected`, `AssociationAborted` and `AssociationTimeout`.
    """
    timeouts = timeouts or Timeouts()
    connection = Connection(Role.REQUESTOR, timeouts, maximum_length=proposal.maximum_length)
    connection.association.request(proposal.to_rq())
    await _open_transport(connection, address, timeouts.connect)
    try:
        async with asyncio.timeout(timeouts.association):
            answer = await asyncio.shield(connection.confirmation)
    except TimeoutError:
        connection.abort()
        raise AssociationTimeout("answer to the association request", timeouts.association) from None
    except BaseException:
        connection.abort()
        raise
    if isinstance(answer, AssociateRJ):
        raise AssociationRejected(answer.result, answer.source, answer.reason, str(answer))
    return connection


async def _open_transport(connection: Connection, address: Address, patience: float) -> None:
    loop = asyncio.get_running_loop()
    host_name = address.host if address.tls else None
    try:
        async with asyncio.timeout(patience):
            await loop.create_connection(
                lambda: connection.driver, address.host, address.port, ssl=address.tls, server_hostname=host_name
            )
    except TimeoutError:
        raise PeerUnreachable(str(address), f"no connection within {patience:g} seconds") from None
    except (OSError, UnicodeError) as error:  # the latter of a name that no host can have
        raise PeerUnreachable(str(address), reason_of(error)) from error

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from association_pair import Store, listening, settled
from builders import EXPLICIT_LE, IMPLICIT_LE, element
from certificates import Authority
from peers import storescp

from dicomcore.data import new_dataset
from dicomcore.errors import AssociationRejected, AssociationTimeout, DimseFailure, PeerUnreachable, UnexpectedCall
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.commands import CFindRQ, CFindRSP
from dicomcore.net.listener import Limits, Listener
from dicomcore.net.tls import client_context, server_context
from dicomcore.net.ul.items import UserIdentity
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.nodes import Node
from dicomcore.scu import pool as pool_module
from dicomcore.scu.client import echo, find
from dicomcore.scu.pool import Pool, identity_of, open_association
from dicomcore.scu.purposes import STUDY_ROOT_FIND, VERIFY, services

FIND = services(STUDY_ROOT_FIND)


@asynccontextmanager
async def node_of(serve: Store, **changes: object) -> AsyncIterator[tuple[Node, Listener]]:
    """A listener of ours, as a node."""
    async with listening(serve) as (listener, port):
        yield replace(Node("PEER", "127.0.0.1", port), **changes), listener  # type: ignore[arg-type]


@asynccontextmanager
async def pool_of(**settings: float) -> AsyncIterator[Pool]:
    pool = Pool("US", **settings)  # type: ignore[arg-type]
    try:
        yield pool
    finally:
        await pool.close()
        assert pool.open_associations == 0
        assert pool._slots == {}


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(os.listdir("/proc/self/fd"))


async def test_an_association_is_used_again_for_the_same_purpose() -> None:
    peer = Store()
    async with node_of(peer) as (node, listener), pool_of() as pool:
        for _ in range(3):
            async with pool.association(node, VERIFY) as connection:
                assert await echo(connection) == 0
        assert len(peer.connections) == listener.associations == pool.open_associations == 1


async def test_another_purpose_gets_an_association_of_its_own() -> None:
    peer = Store()
    async with node_of(peer) as (node, _), pool_of() as pool:
        async with pool.association(node, VERIFY):
            pass
        async with pool.association(node, FIND) as connection:
            assert connection.context_for(STUDY_ROOT_FIND) is not None
        assert len(peer.connections) == pool.open_associations == 2


async def test_no_more_associations_are_open_than_the_node_wants() -> None:
    peer = Store()
    most = 0
    async with node_of(peer, max_associations=2) as (node, listener), pool_of() as pool:

        async def use(number: int) -> None:
            nonlocal most
            async with pool.association(node, VERIFY if number % 2 else FIND):
                most = max(most, pool.open_associations)
                assert listener.associations <= 3  # the listener may still be ending one
                await asyncio.sleep(0.001)

        await asyncio.gather(*map(use, range(20)))
        assert most == 2


async def test_those_who_wait_get_an_association_in_turn() -> None:
    order = []
    async with node_of(Store(), max_associations=1) as (node, _), pool_of() as pool:

        async def use(number: int) -> None:
            async with pool.association(node, VERIFY):
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*map(use, range(10)))
    assert order == list(range(10))


async def test_an_idle_association_makes_room_for_one_of_another_purpose() -> None:
    peer = Store()
    async with node_of(peer, max_associations=1) as (node, _), pool_of() as pool:
        async with pool.association(node, VERIFY) as first:
            pass
        async with pool.association(node, FIND):
            assert not first.is_open and pool.open_associations == 1


async def test_an_idle_association_is_released_after_a_while() -> None:
    async with node_of(Store()) as (node, listener), pool_of(idle_seconds=0.05) as pool:
        async with pool.association(node, VERIFY):
            pass
        assert pool.open_associations == 1
        await settled(lambda: pool.open_associations == 0)
        await settled(lambda: listener.associations == 0)
        assert pool._slots == {}


async def test_a_peer_that_does_not_agree_to_a_release_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_PATIENCE", 0.05)

    async def serve(peer: Connection) -> None:
        await peer.closed()

    async with listening(serve) as (listener, port), pool_of() as pool:
        async with pool.association(Node("PEER", "127.0.0.1", port), VERIFY):
            pass
        await pool.close()
        await settled(lambda: listener.associations == 0)
        assert (listener.associations, pool.open_associations) == (0, 0)


async def test_an_association_that_the_peer_has_ended_is_not_used_again() -> None:
    peer = Store()
    async with node_of(peer) as (node, _), pool_of() as pool:
        async with pool.association(node, VERIFY) as first:
            pass
        await peer.connections[0].release()
        await settled(lambda: not first.is_open)
        async with pool.association(node, VERIFY) as second:
            assert await echo(second) == 0
        assert pool.open_associations == 1


async def test_an_association_that_broke_is_not_used_again() -> None:
    async with node_of(Store()) as (node, _), pool_of() as pool:
        async with pool.association(node, VERIFY) as first:
            first.abort()
        assert pool.open_associations == 0
        async with pool.association(node, VERIFY) as second:
            assert await echo(second) == 0


async def test_an_error_of_the_user_leaves_the_association_for_others() -> None:
    async with node_of(Store()) as (node, _), pool_of() as pool:
        with pytest.raises(DimseFailure):
            async with pool.association(node, VERIFY) as first:
                raise DimseFailure(0xA700)
        async with pool.association(node, VERIFY) as second:
            assert second is first


async def test_an_association_with_an_operation_under_way_is_not_given_to_others() -> None:
    async def serve(peer: Connection) -> None:
        while (message := await peer.receive()) is not None:
            assert isinstance(message.command, CFindRQ)
            pending = CFindRSP(
                message_id_being_responded_to=message.command.message_id, status=0xFF00, has_dataset=True
            )
            await peer.send(message.context.context_id, pending, [element(0x0020000D, "UI", "1.2")])

    async with listening(serve) as (listener, port), pool_of() as pool:
        async with pool.association(Node("PEER", "127.0.0.1", port), FIND) as connection:
            answers = find(connection, STUDY_ROOT_FIND, new_dataset())
            await anext(answers)
        assert not connection.is_open and pool.open_associations == 0
        await answers.aclose()
        await settled(lambda: listener.associations == 0)


async def test_a_peer_that_is_not_there_leaves_nothing_behind() -> None:
    async with pool_of() as pool:
        with pytest.raises(PeerUnreachable):
            async with pool.association(Node("PEER", "127.0.0.1", 1), VERIFY):
                pass
        assert pool.open_associations == 0 and pool._slots == {}


async def test_a_rejected_association_leaves_nothing_behind_and_gives_its_place_back() -> None:
    async with listening(Store(), limits=Limits(total=0)) as (_, port), pool_of() as pool:
        node = Node("PEER", "127.0.0.1", port, max_associations=1)
        for _ in range(3):
            with pytest.raises(AssociationRejected):
                async with pool.association(node, VERIFY):
                    pass
        assert pool.open_associations == 0 and pool._slots == {}


async def test_a_silent_peer_is_given_up_and_leaves_nothing_behind() -> None:
    before = descriptors()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        node = Node("PEER", "127.0.0.1", silent.getsockname()[1], association_timeout=0.1)
        async with pool_of() as pool:
            with pytest.raises(AssociationTimeout):
                async with pool.association(node, VERIFY):
                    pass
            assert pool.open_associations == 0 and pool._slots == {}
    await settled(lambda: descriptors() <= before)


async def test_whoever_stops_waiting_gives_its_place_back() -> None:
    async with node_of(Store(), max_associations=1) as (node, _), pool_of() as pool:

        async def use() -> None:
            async with pool.association(node, VERIFY) as connection:
                await echo(connection)

        async with pool.association(node, VERIFY):
            waiting = [asyncio.ensure_future(use()) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
        await waiting[1]
        await waiting[2]
        assert waiting[0].cancelled()


async def test_cancelling_at_any_moment_leaks_no_association_and_no_descriptor() -> None:
    async with node_of(Store(), max_associations=3) as (node, listener), pool_of() as pool:
        before = descriptors()

        async def use() -> None:
            async with pool.association(node, VERIFY) as connection:
                await echo(connection)

        for steps in range(40):
            using = [asyncio.ensure_future(use()) for _ in range(5)]
            for _ in range(steps):
                await asyncio.sleep(0)
            for one in using:
                one.cancel()
            await asyncio.gather(*using, return_exceptions=True)
            assert pool.open_associations <= 3
        await pool.close()
        await settled(lambda: listener.associations == 0)
        await settled(lambda: descriptors() <= before)


async def test_a_closed_pool_opens_nothing_and_aborts_what_is_in_use() -> None:
    async with node_of(Store()) as (node, listener), pool_of() as pool:
        async with pool.association(node, VERIFY) as connection:
            await pool.close()
            assert not connection.is_open
        with pytest.raises(UnexpectedCall, match="closed"):
            async with pool.association(node, VERIFY):
                pass
        await settled(lambda: listener.associations == 0)


async def test_nodes_that_are_changed_get_new_associations() -> None:
    peer = Store()
    async with node_of(peer) as (node, _), pool_of() as pool:
        async with pool.association(node, VERIFY):
            pass
        async with pool.association(replace(node, ae_title="OTHER"), VERIFY) as connection:
            assert connection.called_ae_title == "OTHER"


async def test_a_node_of_dcmtk_is_echoed_again_and_again(tmp_path: Path) -> None:
    async with pool_of() as pool:
        with storescp(tmp_path / "store") as peer:
            for _ in range(5):
                async with pool.association(peer.node, VERIFY) as connection:
                    assert await echo(connection) == 0
            assert pool.open_associations == 1


@pytest.mark.parametrize(
    ("node", "identity"),
    [
        (Node("PEER"), None),
        (Node("PEER", username="jane"), UserIdentity(1, b"jane")),
        (Node("PEER", username="jane", password="secret"), UserIdentity(2, b"jane", b"secret")),
        (Node("PEER", token="a.b.c"), UserIdentity(5, b"a.b.c")),
    ],
)
def test_credentials_of_a_node_become_a_user_identity(node: Node, identity: UserIdentity | None) -> None:
    assert identity_of(node) == identity


async def test_the_node_says_who_we_are_and_how_much_it_may_send() -> None:
    seen = []

    def policy(rq: object) -> AcceptorPolicy:
        seen.append(rq)
        return AcceptorPolicy(abstract_syntaxes={"1.2.840.10008.1.1": (IMPLICIT_LE, EXPLICIT_LE)})

    async with listening(Store(), policy=policy) as (_, port):  # type: ignore[arg-type]  # a function is allowed too
        node = Node("PEER", "127.0.0.1", port, username="jane", maximum_length=16_384)
        async with await open_association(node, VERIFY, "US"):
            pass
    assert seen[0].user_information.user_identity == UserIdentity(1, b"jane")  # type: ignore[attr-defined]
    assert seen[0].user_information.maximum_length == 16_384  # type: ignore[attr-defined]


async def test_a_node_that_wants_tls_gets_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("peer")
    tls = server_context(issued.certificate, issued.private_key)
    async with listening(Store(), tls=tls) as (_, port):
        node = Node("PEER", "127.0.0.1", port, tls=True)
        context = client_context(authorities=authority.certificate)
        async with await open_association(node, VERIFY, "US", context) as connection:
            assert connection.is_encrypted
            assert await echo(connection) == 0
        with pytest.raises(UnexpectedCall, match="TLS"):
            await open_association(node, VERIFY, "US")

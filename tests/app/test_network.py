import socket

import pytest
from running_server import free_port

from app.network import Network
from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.errors import AssociationRejected, StorageUnavailable
from dicomcore.index import StoredNodes
from dicomcore.net.connection import Address, Proposal, Timeouts, connect
from dicomcore.scu import client

VERIFICATION = "1.2.840.10008.1.1"


def network(archive: Archive, settings: Settings) -> Network:
    return Network(settings, archive, StoredNodes(archive.index.nodes, archive.threads), archive)


async def echo(port: int, called: str) -> int:
    proposal = Proposal("CALLER", called, [(VERIFICATION, ["1.2.840.10008.1.2"])])
    connection = await connect(Address("127.0.0.1", port), proposal, Timeouts())
    try:
        return await client.echo(connection)
    finally:
        await connection.release()
        await connection.closed()


async def test_whoever_calls_us_by_one_of_our_titles_is_answered(archive: Archive, settings: Settings) -> None:
    port = free_port()
    changed = settings.model_copy(update={"dimse_port": port, "ae_title": "ARCHIVE", "called_ae_titles": ("OLD",)})
    ours = network(archive, changed)
    await ours.start()
    try:
        assert [await echo(port, "ARCHIVE"), await echo(port, "OLD")] == [0, 0]
        with pytest.raises(AssociationRejected, match="called AE title"):
            await echo(port, "ANOTHER")
    finally:
        await ours.stop()


async def test_any_title_will_do_if_the_operator_says_so(archive: Archive, settings: Settings) -> None:
    port = free_port()
    ours = network(archive, settings.model_copy(update={"dimse_port": port, "called_ae_titles": ("*",)}))
    await ours.start()
    try:
        assert await echo(port, "WHATEVER") == 0
    finally:
        await ours.stop()


async def test_without_a_port_nobody_is_listened_to(archive: Archive, settings: Settings) -> None:
    ours = network(archive, settings)
    await ours.start()
    await ours.stop()
    assert settings.dimse_port is None


async def test_a_port_that_is_taken_is_told_in_a_sentence(archive: Archive, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ours = network(archive, settings.model_copy(update={"dimse_port": port}))
        with pytest.raises(StorageUnavailable, match=f"no associations can be accepted at 127.0.0.1:{port}"):
            await ours.start()
        await ours.stop()

from running_provider import ask, associated, run, serving

from dicomcore.archive import Archive
from dicomcore.net.dimse.commands import CEchoRQ, CEchoRSP

VERIFICATION = "1.2.840.10008.1.1"


async def test_an_echo_is_answered(archive: Archive) -> None:
    async with serving(archive) as served, associated(served, VERIFICATION) as connection:
        ((response, _),) = await ask(connection, CEchoRQ(message_id=7))
        assert response == CEchoRSP(message_id_being_responded_to=7, status=0x0000)


async def test_echoscu_is_content(archive: Archive) -> None:
    async with serving(archive) as served:
        assert "Success" in await run("echoscu", "-v", "--repeat", "3", *served.peer)

from pathlib import Path

import pytest
from association_pair import POLICY, QUICK, VERIFICATION, Store, associated, echo, listening, proposal
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE
from certificates import Authority

from dicomcore.net.connection import Address, connect
from dicomcore.net.tls import client_context, server_context
from dicomcore.net.ul.items import RoleSelection


async def test_both_sides_know_who_they_are() -> None:
    service = Store()
    async with associated(service) as connection:
        assert await echo(connection) == 0
        for side in (connection, service.connections[0]):
            assert (side.calling_ae_title, side.called_ae_title) == ("ASKS", "ANSWERS")
            assert side.peer_address == "127.0.0.1" and not side.is_encrypted and side.peer_certificate is None
            assert side.peer.maximum_length == 262_144 and side.peer.implementation_class_uid
            assert side.facts() == {
                "calling_ae_title": "ASKS",
                "called_ae_title": "ANSWERS",
                "peer_address": "127.0.0.1",
            }


async def test_a_context_is_found_by_sop_class_and_transfer_syntax() -> None:
    contexts = [
        (CT_IMAGE_STORAGE, [IMPLICIT_LE]),
        (CT_IMAGE_STORAGE, [EXPLICIT_LE]),
        ("1.2.840.10008.5.1.1.9", ["1.2"]),
    ]
    async with associated(Store(), asks=proposal(contexts=contexts)) as connection:
        found = connection.context_for(CT_IMAGE_STORAGE, EXPLICIT_LE)
        assert found is not None and found.context_id == 3 and len(connection.accepted) == 2
        assert connection.context_for(CT_IMAGE_STORAGE) is connection.accepted[1]
        assert connection.context_for(VERIFICATION) is None
        assert connection.context_for(CT_IMAGE_STORAGE, as_scp=True) is None


async def test_roles_are_those_that_were_agreed_on() -> None:
    roles = (RoleSelection("1.2.826.0.1.3680043.10.2", scu=False, scp=True),)
    contexts = [("1.2.826.0.1.3680043.10.2", [IMPLICIT_LE])]
    service = Store()
    async with associated(service, asks=proposal(contexts=contexts, roles=roles)) as connection:
        assert connection.context_for("1.2.826.0.1.3680043.10.2") is None
        assert connection.context_for("1.2.826.0.1.3680043.10.2", as_scp=True) is not None
        assert service.connections[0].context_for("1.2.826.0.1.3680043.10.2") is not None


@pytest.mark.parametrize(("asked", "invoked", "performed"), [((1, 1), 1, 1), ((0, 2), 4, 2), ((3, 0), 3, 4)])
async def test_both_sides_know_how_much_may_be_under_way(asked: tuple[int, int], invoked: int, performed: int) -> None:
    service = Store()
    async with associated(service, asks=proposal(asynchronous=asked)) as connection:
        assert (connection.max_operations_invoked, connection.max_operations_performed) == (invoked, performed)
        other = service.connections[0]
        assert (other.max_operations_performed, other.max_operations_invoked) == (invoked, performed)


async def test_mutual_tls_tells_whose_certificate_it_is(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued, ours = authority.issue("server"), authority.issue("modality")
    server = server_context(issued.certificate, issued.private_key, authorities=authority.certificate, is_mutual=True)
    client = client_context(
        authorities=authority.certificate, certificate=ours.certificate, private_key=ours.private_key
    )
    service = Store()
    async with (
        listening(service, policy=POLICY, tls=server) as (_, port),
        await connect(Address("localhost", port, client), proposal(), QUICK) as connection,
    ):
        assert await echo(connection) == 0
        certificate = service.connections[0].peer_certificate
        assert service.connections[0].is_encrypted and certificate is not None
        assert certificate["subject"] == ((("commonName", "modality"),),)

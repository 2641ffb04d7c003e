from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Authority
from peers import pynetdicom_ae, storescp
from pynetdicom import evt
from running_server import free_port

from app.application_entity import ApplicationEntity
from app.settings import load_settings
from dicomcore.errors import InvalidParameter, PeerUnreachable
from dicomcore.nodes import Node
from dicomcore.scu.purposes import VERIFY

VERIFICATION = "1.2.840.10008.1.1"


async def test_an_echo_has_its_status_and_its_time() -> None:
    with pynetdicom_ae([(evt.EVT_C_ECHO, lambda event: 0x0210)], [VERIFICATION]) as node:
        echo = await ApplicationEntity(load_settings()).echo(node)
    assert echo.status == 0x0210
    assert echo.milliseconds > 0


async def test_nodes_are_called_by_our_title_and_told_who_we_are() -> None:
    seen = []

    def identify(event: evt.Event) -> tuple[bool, None]:
        seen.append((event.assoc.requestor.ae_title, event.user_id_type, event.primary_field, event.secondary_field))
        return True, None

    with pynetdicom_ae([(evt.EVT_USER_ID, identify)], [VERIFICATION]) as node:
        await ApplicationEntity(load_settings(ae_title="OURS")).echo(replace(node, username="me", password="s3cret"))
    assert seen == [("OURS", 2, b"me", b"s3cret")]


async def test_a_node_that_is_not_there_is_an_error() -> None:
    with pytest.raises(PeerUnreachable):
        await ApplicationEntity(load_settings()).echo(Node("PACS", "127.0.0.1", free_port()))


async def test_an_association_is_over_at_the_end() -> None:
    with pynetdicom_ae([], [VERIFICATION]) as node:
        async with ApplicationEntity(load_settings()).association(node, VERIFY) as connection:
            assert connection.is_open
        assert not connection.is_open


async def test_an_association_is_over_when_its_use_goes_wrong() -> None:
    with pynetdicom_ae([], [VERIFICATION]) as node:
        with pytest.raises(ZeroDivisionError):
            async with ApplicationEntity(load_settings()).association(node, VERIFY) as connection:
                raise ZeroDivisionError
        assert not connection.is_open


@pytest.mark.parametrize("profile", ["B.12", "B.13"])
async def test_nodes_that_want_it_are_called_by_tls_with_our_certificate(tmp_path: Path, profile: str) -> None:
    authority = Authority(tmp_path)
    theirs, ours = authority.issue("theirs"), authority.issue("ours")
    tls = ("+tls", str(theirs.private_key), str(theirs.certificate), "+cf", str(authority.certificate))
    settings = load_settings(
        dimse_tls_ca=authority.certificate,
        dimse_tls_certificate=ours.certificate,
        dimse_tls_key=ours.private_key,
        dimse_tls_profile=profile,
    )
    with storescp(tmp_path / "peer", *tls) as peer:
        echo = await ApplicationEntity(settings).echo(replace(peer.node, tls=True))
    assert echo.status == 0


async def test_a_node_whose_certificate_nobody_signed_is_not_talked_to(tmp_path: Path) -> None:
    theirs = Authority(tmp_path, "stranger").issue("theirs")
    tls = ("+tls", str(theirs.private_key), str(theirs.certificate), "-ic")
    settings = load_settings(dimse_tls_ca=Authority(tmp_path).certificate)
    with storescp(tmp_path / "peer", *tls) as peer, pytest.raises(PeerUnreachable):
        await ApplicationEntity(settings).echo(replace(peer.node, tls=True))


def test_files_of_tls_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    entity = ApplicationEntity(load_settings(dimse_tls_ca=tmp_path / "nothing.pem"))
    with pytest.raises(InvalidParameter, match=r"nothing\.pem"):
        _ = entity.tls
